/* What bench/FastAttn.Bench asks of a library with other implementations of one attention head:
 *
 *   z_i = sum_j c_{j-i} (q_i . k_j) v_j / sum_j c_{j-i} (q_i . k_j)
 *
 * with features q, k already made, and of Toeplitz products of many columns. A library may leave out either family of
 * functions. Not thread-safe; one thread; nothing is thrown. */
#ifndef FASTATTN_PEERS_H
#define FASTATTN_PEERS_H

#ifdef __cplusplus
extern "C" {
#endif

/* The name of implementation `index`, or NULL behind the last one. */
const char *peer_name(int index);

/* Its version and the kernels that it chose on this machine. */
const char *peer_about(int index);

/* Prepares one head; NULL when this implementation cannot do these sizes or runs out of memory.
 *   coefficients  [2 length - 1], entry (j - i) + (length - 1)
 *   query, key    [length, features]
 *   value, output [length, dimension]
 * All arrays stay where they are until peer_destroy. What depends on the coefficients alone may be done here;
 * what depends on query, key or value belongs to peer_run. */
void *peer_create(int index, int length, int features, int dimension, const float *coefficients, const float *query,
                  const float *key, const float *value, float *output);

/* Computes the head into `output`. */
void peer_run(void *head);

/* Runs a piece of the head's work as bare calls of the library on data that stays in cache, and returns which share of the head's
 * work that piece is: a head that takes far longer than its share tells is driven badly. */
double peer_run_bare(void *head);

void peer_destroy(void *head);

/* Toeplitz products y_i = sum_j c_{j-i} x_j of whole columns, from and to rows: what FastRPB computes. */

/* The name of implementation `index`, or NULL behind the last one. */
const char *peer_toeplitz_name(int index);

/* Prepares one product; NULL when this implementation cannot do these sizes or runs out of memory.
 *   coefficients  [2 length - 1], entry (j - i) + (length - 1)
 *   x, y          [length, columns], row-major
 * All arrays stay where they are until peer_toeplitz_destroy. What depends on the coefficients alone may be done here;
 * what depends on x, transposes into columns and back included, belongs to peer_toeplitz_run. */
void *peer_toeplitz_create(int index, int length, int columns, const float *coefficients, const float *x, float *y);

/* Computes the product into `y`. */
void peer_toeplitz_run(void *product);

/* As peer_run_bare. */
double peer_toeplitz_run_bare(void *product);

void peer_toeplitz_destroy(void *product);

#ifdef __cplusplus
}
#endif

#endif
