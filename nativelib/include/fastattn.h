/*
 * fastattn.h: attention with relative positions on ordinary CPUs, from C.
 *
 *   https://arxiv.org/abs/2106.12566   Luo et al., "Stable, Fast and Accurate: Kernelized Attention
 *                                      with Relative Positional Encoding", NeurIPS 2021
 *   https://arxiv.org/abs/2202.11364   Zubkov and Gavrilov, "FastRPB: a Scalable Relative Positional Encoding
 *                                      for Long Sequence Tasks", 2022
 *   https://arxiv.org/abs/2111.00035   Chen et al., "Skyformer: Remodel Self-Attention with Gaussian Kernel
 *                                      and Nystroem Method", NeurIPS 2021
 *   https://arxiv.org/abs/2505.12252   Guo et al., "SchoenbAt: Rethinking Attention with Polynomial basis", 2025
 *
 * The library computes, for every sequence and head (Luo et al. 2021, eq. 10),
 *
 *     z_i = sum_j c_{j-i} (phi(q_i) . phi(k_j)) v_j  /  sum_j c_{j-i} (phi(q_i) . phi(k_j)),   c_t = exp(b_t)
 *
 * without ever holding an n x n matrix, and y_i = sum_j c_{j-i} x_j, the Toeplitz product under it. Beside it: exact softmax and
 * Gaussian attention, Skyformer, SchoenbAt, each with a creator of its own, and FastRPB, which is added to any of them.
 *
 *
 * SHAPES AND ORIENTATION
 *
 *   query        [B, H,   n_q, d]       key  [B, H_k, n_k, d]     value [B, H_k, n_k, d_v]
 *   destination  [B, H,   n_q, d_v]     H_k divides H: query head h reads key head h / (H / H_k)
 *   bias         [n_q + n_k - 1], [1, n_q + n_k - 1] or [H, n_q + n_k - 1];
 *                entry (j - i) + (n_q - 1) belongs to query i and key j, always.
 *                -infinity removes the pair; NaN and +infinity are errors.
 *   positions    instead of a bias: a few parameters that give b_t for every t = j - (p + i), see "Positions" below
 *   projection   [m, d] or [1, m, d], shared by all heads, or [H, m, d]
 *   key_mask     [n_k] or [B, n_k] bytes, 1 = attend, 0 = leave out: for all queries alike ([B, 1, 1, n_k] is the same memory). A mask
 *                [n_q, n_k] of pairs is none; with B = n_q it cannot be told from one. Use causal, or a bias of -infinity
 *   lengths      [B], keys kept from the front, 0 ... n_k
 *
 *   Leading axes of size 1 may be absent. The last stride of query, key, value and destination is 1;
 *   the others are free and count elements, not bytes: an array laid out [B, n, H, d] is passed as
 *   shape {B, H, n, d} with strides {n*H*d, d, H*d, 1} and is read in place.
 *
 *   Without sequences or queries there is nothing to write; without keys the destination becomes zeros. A Toeplitz product or
 *   FastRPB without rows is empty or zero likewise.
 *
 *   A row with no visible key gives zeros. A query that holds NaN or infinity makes its own row NaN; a
 *   key that does makes the rows that depend on it NaN; a value that does makes its column of those
 *   rows NaN; nothing else changes. Keys left out may hold anything.
 *
 *
 * WORDS
 *
 *   Choices are words, the same in C, C#, Python and the command line:
 *     feature maps   prf trf elu relu sikf dpfp given     methods   auto direct fft linear band decay multipole
 *     projections    iid orthogonal sphere          tiers     avx512 avx2 neon portable
 *     kernels of SchoenbAt   exp inv log trigh sqrt
 *     of Skyformer   inverses   cholesky schulz     samplings   uniform halves replacement
 *     of T5's buckets           roundings   exact float32
 *
 *
 * A WORKED EXAMPLE, 3 queries and 4 keys, small enough to check by hand
 *
 *   Toeplitz product, n_out = 3, n_in = 4:
 *     c = [1 2 3 4 5 6],  x = [1 10 100 1000]   gives   y = [6543 5432 4321]
 *     (y_0 = c[2] x_0 + c[3] x_1 + c[4] x_2 + c[5] x_3)
 *
 *   Kernelized attention, feature map "elu", b = ln [1 2 3 4 5 6]:
 *     q = [0 1; 1 0; 2 2]      k = [0 0; 1 0; 0 1; 1 1]      v = [1; 2; 3; 4]
 *     phi(q) = q + 1, phi(k) = k + 1, so the weights c_{j-i} (phi(q_i) . phi(k_j)) are
 *       [9 16 25 36;  6 15 16 30;  6 18 27 48]
 *     destination = [260/86; 204/67; 315/99] = [3.0232558; 3.0447761; 3.1818182]
 *     causal (query_offset 1 = n_k - n_q): [41/25; 84/37; 315/99] = [1.64; 2.2702703; 3.1818182]
 *   with feature map "dpfp" and nu = 2, without positions; with r = [max(x, 0), max(-x, 0)] the features are r_i r_(i-1) and
 *   r_i r_(i-2), indices modulo 2d:
 *     q = [1 2 -3]      k = [1 2 -3; 2 1 0]      v = [1; 54]
 *     phi(q) = phi(k_0) = [3 2 0 0 0 0  0 6 0 0 0 0], phi(k_1) = [0 2 0 0 0 0  0 ...], weights [49 4], destination = [265/53] = [5]
 *   FastRPB, query minus key, w = [1 2 3 4 5], v = [1; 10; 100]:
 *     W = [3 2 1; 4 3 2; 5 4 3], W v = [123; 234; 345], causal [3; 34; 345]; symmetric with w = [3 4 5]: [543; 434; 345]
 *     on 2 x 2 tokens, vertical [1 2 3], horizontal [4 5 6], v = [1; 10; 100; 1000]: W v = [5667; 6778; 6778; 7889]
 *   the first with fa_position_alibi, slope ln 2, instead of b, so that c_t = 2^-|t|:
 *     destination = [55/28; 47/20; 41/14] = [1.9642857; 2.35; 2.9285714]
 *     with query_offset 1, not causal: [46/19; 119/41; 89/26] = [2.4210526; 2.9024390; 3.4230769]
 *
 *   SchoenbAt, kernel "inv" (every a_N is 1), exact_degrees 1 and one random feature of degree 2, both factors [1 -1]:
 *     q = [2 0]      k = [3 1; 0 5]      v = [0; 10]
 *     without mean and of length 2^(-1/4) the rows are x, x and -x with x = [1 -1] 2^(-3/4), so that x . x = 1/sqrt 2 and (w . x)^2 = sqrt 2;
 *     P[2] = (1/2) / (1 - 2^-19), so the weights are 1 + 1/sqrt 2 + 4 and 1 - 1/sqrt 2 + 4 to six digits:
 *     destination = [5 - 1/sqrt 2] = [4.292893]
 *
 *
 * ERRORS
 *
 *   Every function that can fail returns a fa_status. On any status but FA_OK the caller's memory
 *   (destinations, reports, handles) is as it was, and fa_last_error() on the same thread says which
 *   argument was at fault, what came and what was expected. Three statuses are not about arguments:
 *   after FA_ERROR_OUT_OF_MEMORY, FA_ERROR_CANCELLED or FA_ERROR_INTERNAL raised while a forward or multiply
 *   was already computing, its destination holds unspecified numbers; the handle can be used again, and no
 *   thread of the library touches the caller's memory any more. No call ends the process or throws.
 *
 * HANDLES
 *
 *   Handles are numbers that the library checks: a handle that was destroyed, or never existed, or is
 *   of another kind gives FA_ERROR_HANDLE. {0} is never a live handle. A handle destroyed while
 *   another thread is inside a call that uses it stays alive until that call returns.
 *
 * THREADS
 *
 *   Every function may be called from any thread at any time, also with the same handle: what handles
 *   stand for never changes after creation. Results do not depend on the number of threads, bit for bit.
 *   Any number of threads may be asked for; more than 1024 count as 1024.
 *   Helpers are threads of the library's own, at most one a core for the whole process. They are started when a call first
 *   needs them and end after 20 seconds without work. Where the system gives no further thread, calls compute with those there are.
 *   The runtime itself needs one thread and some address space when the library is first used. Where these are missing the call
 *   gives FA_ERROR_OUT_OF_MEMORY, and a later one tries again. What cannot be answered: a thread of the caller's that makes
 *   its first call when not even the few kilobytes are left by which the runtime knows it. That ends the process.
 *   Environment, read once at first use: FASTATTN_THREADS (threads when a call does not say),
 *   FASTATTN_TIER (lowers the instruction tier), FASTATTN_COSTS (the file of the cost table).
 *   Every call runs in the default floating-point mode (round to nearest, tiny numbers kept, no traps), whatever the
 *   mode of the calling thread is, which has its mode and its exception flags back when the call returns.
 *
 * FORK
 *
 *   A process that was forked, without exec, from one that had used the library cannot use it: the parent's threads,
 *   which the runtime would wait for, are not there. Every function with a status gives FA_ERROR_FORKED there, at once
 *   and whatever the parent was doing; fa_simd_tier() and the like give NULL, fa_default_threads() gives 0. Such a
 *   process ends in peace. Start processes with exec ("spawn"), or first use the library after forking: a parent that only
 *   loaded it, or called functions that never fail, has not used it.
 *
 * STRUCTURES
 *
 *   Structures that may grow begin with struct_size, which the caller sets to sizeof of the structure
 *   it was compiled with. Zero in every other field means "default"; the FA_..._INIT macros do both.
 *   A size the library does not know gives FA_ERROR_STRUCT_SIZE.
 *
 * BUILDING
 *
 *   cc program.c $(pkg-config --cflags --libs fastattn)
 *   The library is one shared object per instruction level; the dynamic linker chooses by itself
 *   (glibc-hwcaps, glibc 2.33 or later). It cannot be unloaded: dlclose succeeds and leaves it mapped.
 */
#ifndef FASTATTN_H
#define FASTATTN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ABI generation of this header. A library with another fa_abi_version() must not be used with it. */
#define FA_ABI_VERSION 1u

/* ---- Statuses ------------------------------------------------------------------------------------- */

typedef int32_t fa_status;

enum {
    FA_OK = 0,
    FA_ERROR_NULL = 1,          /* a required pointer is NULL */
    FA_ERROR_ARGUMENT = 2,      /* a number is out of range, NaN where forbidden, memory overlaps others or itself, choices
                                   contradict each other */
    FA_ERROR_SHAPE = 3,         /* a rank, an extent or a stride does not fit the others */
    FA_ERROR_WORD = 4,          /* an unknown word; the message lists the known ones */
    FA_ERROR_HANDLE = 5,        /* a handle that is not alive or is of another kind */
    FA_ERROR_STRUCT_SIZE = 6,   /* struct_size is not one this library knows */
    FA_ERROR_FORKED = 7,        /* the library was in use before this process was forked */
    FA_ERROR_OUT_OF_MEMORY = 8, /* memory could not be had */
    FA_ERROR_INTERNAL = 9,      /* a fault in the library: please report it with the message */
    FA_ERROR_CANCELLED = 10     /* the check of fa_set_interrupt ended the call */
};

/* ---- The library ---------------------------------------------------------------------------------- */

/* The library's ABI generation; compare with FA_ABI_VERSION. Never fails. */
uint32_t fa_abi_version(void);

/* The library's version, such as "0.1.0". Static; never fails. */
const char *fa_version_string(void);

/* The name of a status, such as "FA_ERROR_SHAPE"; "unknown status" for other numbers. Static; never fails. */
const char *fa_status_string(fa_status status);

/*
 * The message of the last call that failed on this thread, UTF-8; "" before the first failure.
 * Calls that succeed leave it alone. Valid until the next call that fails on this thread, or until the
 * thread ends. Owned by the library.
 */
const char *fa_last_error(void);

/*
 * The instruction tier the kernels run on: "avx512", "avx2", "neon" or "portable": the widest of this build, or
 * a lower one that FASTATTN_TIER names. A tier that this build lacks is ignored, and the reason says so. Static.
 * NULL, with a message, when FASTATTN_TIER holds an unknown word, where every create gives FA_ERROR_ARGUMENT, and in
 * a forked process, see "Fork" above.
 */
const char *fa_simd_tier(void);

/* Why that tier, in one sentence. Static. NULL as for fa_simd_tier. */
const char *fa_simd_tier_reason(void);

/*
 * Threads used when a call does not say: FASTATTN_THREADS, else the cores this process may use.
 * 0, with a message, when FASTATTN_THREADS is not a whole number above zero, and in a forked process.
 */
int32_t fa_default_threads(void);

/*
 * Where the figures come from by which "auto" chooses a method: shipped with the library, or measured on this machine by
 * `fastattn tune` and kept in a file, which FASTATTN_COSTS may name ("shipped" means none). Another table may choose another
 * method, whose answer differs within the tolerance. Static. NULL as for fa_simd_tier.
 */
const char *fa_cost_table_source(void);

/* ---- Ending a call early -------------------------------------------------------------------------- */

/* Asked by a call that computes, on the thread that called: shall it end? 0: no. Anything else: yes. */
typedef int32_t (*fa_interrupt_check)(void *context);

/*
 * From now on calls of this thread ask whether they shall end early, and give FA_ERROR_CANCELLED when they shall. For a
 * time limit, a button, or a signal handler that sets a flag. Other threads are not concerned; each has a check of its own.
 *   check         NULL: ask nothing. It may take its time: helpers go on meanwhile. It must return: no longjmp, no exception.
 *   context       given to check
 *   milliseconds  the least time from the beginning of a call to its first question, and from one question to the next; at least 0
 * All functions that compute, prepare an attention or copy positions, projections, weights or coefficients ask. They end some tens of milliseconds after the answer, with FA_ERROR_CANCELLED, which
 * their own lists of errors do not repeat.
 * Errors: ARGUMENT (milliseconds), FORKED. Never starts the runtime.
 */
fa_status fa_set_interrupt(fa_interrupt_check check, void *context, int32_t milliseconds);

/* ---- Tensors -------------------------------------------------------------------------------------- */

#define FA_MAX_NDIM 4

/*
 * Element types. The numbers that attentions, FastRPB, Toeplitz products and feature maps read and write may be of
 * any, each tensor of its own: query, key, value, rows, features, x and destination. Everything else is float32.
 * Arithmetic is float32 for all: a 16-bit input becomes float32 exactly, where it is read; a 16-bit output is the
 * float32 result rounded once, to the nearest number and to the even one of two that are as near.
 */
#define FA_FLOAT32 0
#define FA_FLOAT16 1  /* IEEE 754 binary16; outputs of 65520 and more become infinity */
#define FA_BFLOAT16 2 /* the upper half of a float32 */

/*
 * Numbers in the caller's memory. Axes past ndim are ignored. Strides count elements; of a tensor
 * that is read they may be zero (a broadcast axis) or negative; those of a tensor that is written must keep
 * every element apart from every other. The library never keeps a pointer past the call.
 */
typedef struct fa_tensor {
    float *data;                   /* element [0, 0, ...], at a multiple of its size; of 16-bit numbers, their address as
                                      this type. Not written when the tensor is an input */
    int32_t ndim;                  /* 1 ... 4 */
    int32_t element_type;          /* FA_FLOAT32, which is 0, FA_FLOAT16 or FA_BFLOAT16 */
    int64_t shape[FA_MAX_NDIM];    /* extents, each at least 0; data may be NULL where one is 0 */
    int64_t strides[FA_MAX_NDIM];  /* elements from one index to the next */
} fa_tensor;

/* ---- Random projections --------------------------------------------------------------------------- */

/*
 * The rows w_i of a random feature map, [H, m, d] with H = 1 when all heads share them: data that is drawn
 * from a seed or given, and can be read back, saved and restored. The same seed gives the same bytes on
 * every machine. The pointer-free handle is passed by value; {0} means none.
 */
typedef struct fa_projection {
    uint64_t id;
} fa_projection;

/*
 * Draws [features, dimension], shared by all heads.
 *   features    m, 1 ... 4096
 *   dimension   d, 1 ... 512
 *   kind        "iid" (standard normal), "orthogonal" (rows orthogonal in blocks of d, lengths of normal
 *               vectors) or "sphere" (uniform on the sphere of radius sqrt d); NULL: "orthogonal"
 *   seed        any
 *   projection  receives the handle; destroy it with fa_projection_destroy
 * Errors: NULL (projection), ARGUMENT, WORD, OUT_OF_MEMORY.
 * Time: O(m d), for "orthogonal" O(m d min(m, d)). Source: Luo et al. 2021; Choromanski et al. 2021.
 */
fa_status fa_projection_create(int64_t features, int64_t dimension, const char *kind, uint64_t seed,
                               fa_projection *projection);

/*
 * Copies a projection the caller brings.
 *   values      [m, d] or [H, m, d], any strides, finite; m 1 ... 4096, d 1 ... 512
 *   projection  receives the handle; destroy it with fa_projection_destroy
 * Errors: NULL, SHAPE, ARGUMENT (NaN, infinity, a size out of range), OUT_OF_MEMORY. Time: O(H m d).
 */
fa_status fa_projection_from_values(const fa_tensor *values, fa_projection *projection);

/* The extents {H, m, d} of a projection. Errors: NULL, HANDLE. */
fa_status fa_projection_shape(fa_projection projection, int64_t shape[3]);

/*
 * Copies the entries out.
 *   values   destination of shape {H, m, d}, or {m, d} when H = 1; last stride 1
 * Errors: NULL, HANDLE, SHAPE. Time: O(H m d).
 */
fa_status fa_projection_values(fa_projection projection, const fa_tensor *values);

/* Ends a projection. Plans made with it are not affected. {0} is allowed and does nothing. Errors: HANDLE. */
fa_status fa_projection_destroy(fa_projection projection);

/* ---- Positions ------------------------------------------------------------------------------------ */

/*
 * Relative positions by a few parameters: b_t for every t = j - (p + i), the key's position minus the query's, with p
 * the query_offset of the options, read whether causal or not (when has_query_offset is 0: n_k - n_q when causal, else 0).
 * A position fits any number of queries and keys and any number of attentions may share it. Every parameter is copied;
 * tables are [...], for all heads, or [H, ...], and numbers [H], where [1] is for all heads. Strides are free.
 * Time: O(parameters); an attention that uses it adds O(H (n_q + n_k)) once for each combination of sizes.
 */
typedef struct fa_position {
    uint64_t id;
} fa_position;

/*
 * Any number for every offset, checked and prepared once: what options.position takes instead of a bias, so that layers and calls share it. Unlike the
 * others it fits its own lengths only and ignores query_offset. Source: Luo et al. 2021.
 *   bias                      [n_q + n_k - 1] or [H, n_q + n_k - 1], entry (j - i) + (n_q - 1), finite or -infinity, which removes the pair
 *   query_length, key_length  n_q and n_k, at least 1
 *   position                  receives the handle; destroy it with fa_position_destroy
 * Errors: NULL, SHAPE, ARGUMENT (NaN, +infinity, a length below 1), OUT_OF_MEMORY.
 */
fa_status fa_position_dense(const fa_tensor *bias, int64_t query_length, int64_t key_length, fa_position *position);

/*
 * b_t = bias[clamp(t, -K, K) + K]: constant from a distance K on. Source: Shaw et al. 2018.
 *   bias      [2 K + 1] or [H, 2 K + 1], finite or -infinity, which removes the pair
 *   position  receives the handle; destroy it with fa_position_destroy
 * Errors: NULL, SHAPE (an even number of columns), ARGUMENT (NaN, +infinity), OUT_OF_MEMORY.
 */
fa_status fa_position_clipped(const fa_tensor *bias, fa_position *position);

/*
 * b_t = bias[bucket(t)] with the buckets of T5. With s buckets for a side and e = s / 2 rounded down, a distance d < e is in
 * bucket d, and d >= e in min(e + floor(ln(d / e) / ln(max_distance / e) * (s - e)), s - 1), computed without rounding.
 * Source: Raffel et al. 2020.
 *   bias           [buckets] or [H, buckets], finite or -infinity; published checkpoints hold the transpose, [buckets, H]: pass that with shape
 *                  {H, buckets} and strides {1, H}. Where H = buckets, either way round is accepted and means something else. Such models do
 *                  not scale their scores: fa_softmax_options.scale is 1
 *   bidirectional  1: the first half of the buckets is for t <= 0, the second for t > 0 (buckets even, at least 4);
 *                  0: all are for t <= 0, and t > 0 is in bucket 0 (at least 2)
 *   max_distance   above e; 0: 128
 *   position       receives the handle; destroy it with fa_position_destroy
 * Errors: NULL, SHAPE, ARGUMENT, OUT_OF_MEMORY.
 */
fa_status fa_position_t5(const fa_tensor *bias, int32_t bidirectional, int64_t max_distance, fa_position *position);

/*
 * The same with a choice of how the logarithm is rounded, which decides where a distance lies within a rounding of a boundary.
 *   rounding  "exact", or "float32": after every step, as published code does it (the same bucket for every distance with 32 buckets
 *             and max_distance 128); NULL: "exact"
 * Errors: as fa_position_t5, and WORD.
 */
fa_status fa_position_t5_rounded(const fa_tensor *bias, int32_t bidirectional, int64_t max_distance, const char *rounding,
                                 fa_position *position);

/*
 * b_t = -slope |t|. Source: ALiBi, Press et al. 2022.
 *   slopes    [H], finite, at least 0
 *   position  receives the handle; destroy it with fa_position_destroy
 * Errors: NULL, SHAPE, ARGUMENT, OUT_OF_MEMORY.
 */
fa_status fa_position_alibi(const fa_tensor *slopes, fa_position *position);

/*
 * exp(b_t) = sum_r weight_r exp(-rate_r |t|). With one term the decay of retention, Sun et al. 2023.
 *   weights   [terms] or [H, terms], finite, above 0
 *   rates     the same shape, finite, at least 0
 *   position  receives the handle; destroy it with fa_position_destroy
 * Errors: NULL, SHAPE, ARGUMENT, OUT_OF_MEMORY.
 */
fa_status fa_position_exponentials(const fa_tensor *weights, const fa_tensor *rates, fa_position *position);

/*
 * b_t = -r1 ln(1 + r2 |t|). Source: KERPLE, Chi et al. 2022.
 *   r1, r2    [H] or [1] each, finite, above 0
 *   position  receives the handle; destroy it with fa_position_destroy
 * Errors: NULL, SHAPE, ARGUMENT, OUT_OF_MEMORY.
 */
fa_status fa_position_kerple_log(const fa_tensor *r1, const fa_tensor *r2, fa_position *position);

/*
 * b_t = -a |t|^p. Source: KERPLE, Chi et al. 2022.
 *   a         [H] or [1], finite, above 0
 *   p         [H] or [1], above 0, at most 2
 *   position  receives the handle; destroy it with fa_position_destroy
 * Errors: NULL, SHAPE, ARGUMENT, OUT_OF_MEMORY.
 */
fa_status fa_position_kerple_power(const fa_tensor *a, const fa_tensor *p, fa_position *position);

/*
 * Any number for every offset on a grid, for images: queries and keys are the tokens of height rows of width, row by row, and
 * entry (dy + height - 1, dx + width - 1) belongs to a key dy rows below and dx columns right of the query. Unlike the
 * others it fits n_q = n_k = height * width only and ignores query_offset; a grid has no order, so causal is ARGUMENT.
 * Source: Luo et al. 2021.
 *   bias           [2 height - 1, 2 width - 1] or [H, 2 height - 1, 2 width - 1], finite or -infinity, which removes the pair. A Swin table t,
 *                  [(2 height - 1) (2 width - 1), H], counts query minus key: pass it with data = t + (entries - 1) H, shape {H, 2 height - 1,
 *                  2 width - 1} and strides {1, -(2 width - 1) H, -H}
 *   height, width  at least 1
 *   position       receives the handle; destroy it with fa_position_destroy
 * Errors: NULL, SHAPE, ARGUMENT, OUT_OF_MEMORY.
 */
fa_status fa_position_grid(const fa_tensor *bias, int64_t height, int64_t width, fa_position *position);

/*
 * The same with special tokens before and after those of the grid, such as the class token of ViT and BEiT: queries and keys are prefix special tokens,
 * height * width tokens row by row, and suffix special tokens. A special query has one bias for every key of the grid, a special key one for every query
 * of the grid, and two special tokens have their own. s = prefix + suffix counts them, those before the grid first.
 *   bias, height, width   of the grid alone, as in fa_position_grid
 *   prefix, suffix        at least 0, together at most 1024
 *   special_to_grid       [s] or [H, s]: query special a, key on the grid; NULL: zeros. Finite or -infinity, any strides, copied, as the next two
 *   grid_to_special       [s] or [H, s]: query on the grid, key special b; NULL: zeros
 *   special_to_special    [s, s] or [H, s, s]: query special a, key special b; NULL: zeros
 *   position              receives the handle; destroy it with fa_position_destroy
 * The three extra entries of BEiT's table are, in its order, special_to_grid, grid_to_special and special_to_special of one token in front; its table itself is
 * by query minus key, so it is flipped along both axes.
 * Errors: NULL, SHAPE, ARGUMENT, OUT_OF_MEMORY.
 */
fa_status fa_position_grid_special(const fa_tensor *bias, int64_t height, int64_t width, int64_t prefix, int64_t suffix,
                                   const fa_tensor *special_to_grid, const fa_tensor *grid_to_special,
                                   const fa_tensor *special_to_special, fa_position *position);

/* Ends a position. Attentions made with it are not affected. {0} is allowed and does nothing. Errors: HANDLE. */
fa_status fa_position_destroy(fa_position position);

/* ---- Kernelized attention ------------------------------------------------------------------------- */

/* The sizes of a call. All are given; none has a default. */
typedef struct fa_attention_shape {
    uint64_t struct_size;     /* sizeof(fa_attention_shape) */
    int64_t batch;            /* B, sequences, at least 0 */
    int64_t heads;            /* H, query heads, at least 1 */
    int64_t key_heads;        /* H_k, heads of key and value, divides H */
    int64_t query_length;     /* n_q, at least 0 */
    int64_t key_length;       /* n_k, at least 0 */
    int64_t head_dimension;   /* d, 1 ... 512; features of "given": 1 ... 8192 */
    int64_t value_dimension;  /* d_v, 1 ... 4096 */
} fa_attention_shape;

/* Yes, no, or what suits the feature map. */
enum { FA_DEFAULT = 0, FA_YES = 1, FA_NO = 2 };

/* Choices; zero everywhere but struct_size is the normalised PRF method of Luo et al. 2021. */
typedef struct fa_attention_options {
    uint64_t struct_size;         /* sizeof(fa_attention_options) */
    const char *feature_map;      /* "prf" "trf" "elu" "relu" "sikf" "dpfp" "given"; NULL: "prf" */
    const char *projection_kind;  /* how to draw when no projection is given; NULL: "orthogonal" */
    const char *method;           /* "auto" "direct" "fft" "linear" "band" "decay" "multipole"; NULL: "auto" */
    uint64_t seed;                /* of a drawn projection */
    int64_t features;             /* m, rows of the projection, 1 ... 4096; 0: those of the projection given, else 64.
                                     "trf" makes two features of each row. "elu", "sikf", "dpfp" and "given" have none
                                     and refuse it */
    int64_t query_offset;         /* p: query 0 stands at position p among the keys; read when has_query_offset */
    int32_t has_query_offset;     /* 0: p = n_k - n_q when causal (needs n_q <= n_k), else 0. A bias uses j - i whatever p is */
    int32_t causal;               /* 1: query i sees keys j <= p + i; 0: all keys */
    int32_t normalize;            /* FA_YES: rows of query and key are scaled to length 1; FA_DEFAULT: yes for prf and
                                     trf, else no. A zero row stays zero */
    int32_t threads;              /* at least 1; 0: fa_default_threads() */
    float qk_scale;               /* factor on un-normalised query and key, finite and above 0; refused when rows are
                                     normalised; 0: d^(-1/4) for prf, trf, relu, else 1 */
    float tolerance;              /* largest error of a row of the result, as a share of the largest |v_j| the row sees,
                                     1e-6 ... 0.1; 0: 1e-4. Below 1e-5 direct sums take two to three times as long, and
                                     most rows of linear, band, decay and multipole are computed by them */
    fa_position position;         /* instead of a bias; {0}: none. It may be destroyed right after the call */
    int64_t nu;                   /* rolls of "dpfp", which makes 2 d nu features, at most 8192; 0: 1. Refused by other maps.
                                     Programs compiled before this field, position or any that follows existed keep working:
                                     their struct_size says so */
    float feature_epsilon;        /* added to every feature, finite and above 0, for models trained so. "prf": Performer codes have
                                     exp(w . x - |x|^2 / 2 - M) + feature_epsilon, M the largest w . x of the row for a query, and of
                                     all keys of the head that take part for a key, also where a causal query does not see them;
                                     0: none. "relu": instead of 1e-3; 0: 1e-3. Refused by other maps */
    int32_t signed_features;      /* 1: features of "given" may be negative, and the promise is that of "trf"; 0: a negative one
                                     is an error. Refused by other maps */
    const int64_t *query_offsets; /* [B]: one p a sequence, copied; then has_query_offset is 0. NULL: the same for all */
    int64_t query_offsets_count;  /* B; 0 when query_offsets is NULL */
} fa_attention_options;

/* Which keys take part; all of them when NULL or zero. A key is kept when both allow it. */
typedef struct fa_key_selection {
    uint64_t struct_size;     /* sizeof(fa_key_selection) */
    const uint8_t *key_mask;  /* [n_k] or [B, n_k], contiguous; 1 = attend, 0 = leave out; other values are errors */
    int64_t key_mask_count;   /* n_k or B * n_k; 0 when key_mask is NULL */
    const int32_t *lengths;   /* [B], keys kept from the front, 0 ... n_k */
    int64_t lengths_count;    /* B; 0 when lengths is NULL */
} fa_key_selection;

/* What one forward call did. The words are static. */
typedef struct fa_report {
    uint64_t struct_size;    /* sizeof(fa_report), set by the caller */
    const char *method;      /* the method that ran in most heads */
    const char *tier;        /* the instruction tier of its kernels */
    int64_t repaired_rows;   /* rows computed again because their error could not be certified */
    int64_t fallback_heads;  /* heads computed directly because more than a tenth of their rows needed it */
} fa_report;

#ifdef __cplusplus
#define FA_ATTENTION_SHAPE_INIT {sizeof(fa_attention_shape), 0, 0, 0, 0, 0, 0, 0}
#define FA_ATTENTION_OPTIONS_INIT \
    {sizeof(fa_attention_options), nullptr, nullptr, nullptr, 0, 0, 0, 0, 0, 0, 0, 0.0f, 0.0f, {0}, 0, 0.0f, 0, nullptr, 0}
#define FA_KEY_SELECTION_INIT {sizeof(fa_key_selection), nullptr, 0, nullptr, 0}
#define FA_REPORT_INIT {sizeof(fa_report), nullptr, nullptr, 0, 0}
#else
#define FA_ATTENTION_SHAPE_INIT {.struct_size = sizeof(fa_attention_shape)}
#define FA_ATTENTION_OPTIONS_INIT {.struct_size = sizeof(fa_attention_options)}
#define FA_KEY_SELECTION_INIT {.struct_size = sizeof(fa_key_selection)}
#define FA_REPORT_INIT {.struct_size = sizeof(fa_report)}
#endif

/*
 * A prepared attention of any kind: sizes, choices, features, positions and pooled working memory. fa_attention_create makes
 * kernelized attention; other systems have creators of their own below, and forward and destroy are the same for all.
 */
typedef struct fa_attention {
    uint64_t id;
} fa_attention;

/*
 * Kernelized attention (Luo et al. 2021, eq. 10): checks the sizes, chooses the method and prepares everything that does not depend
 * on query, key and value. Feature maps, x a row of query or key, w_i the m rows of the projection, up to a factor that cancels:
 *   "prf" exp(w_i . x - |x|^2 / 2)   "trf" sin and cos of w_i . x, times exp(|x|^2 / 2)   "relu" max(w_i . x / sqrt m, 0) + 1e-3
 *   "given" x itself: query and key are the features, made by the caller and at least 0 unless signed_features; nothing is scaled unless asked
 *   "elu" x + 1 above 0, else exp(x)   "sikf" exp(x)   "dpfp" r_i r_(i-j), j = 1 ... nu, r = [max(x, 0), max(-x, 0)], indices modulo 2d
 * Every row keeps |error| <= tolerance * max |v_j| over the keys it sees. Features of "trf" have either sign: its numerator and denominator
 * are accurate relative to the sums of their terms' absolute values, their ratio only where the denominator keeps a twentieth of that.
 * Sine and cosine are rounded to float32, so a tolerance below 1e-5 is not kept by "trf": errors up to some 1e-5 remain.
 *   shape       the sizes
 *   options     the choices; NULL: defaults
 *   bias        relative position bias, see the top of this file, any strides, copied; NULL: options.position, or no
 *               positions when that is {0}; both given is ARGUMENT
 *   projection  copied by reference: it may be destroyed right after; {0}: drawn from seed and projection_kind
 *   attention   receives the handle; destroy it with fa_attention_destroy
 * Errors: NULL (shape, attention), STRUCT_SIZE, SHAPE, ARGUMENT, WORD, HANDLE (projection, position),
 * OUT_OF_MEMORY. Time: O(H N log N) with positions, N the Fourier length, plus drawing the projection.
 */
fa_status fa_attention_create(const fa_attention_shape *shape, const fa_attention_options *options,
                              const fa_tensor *bias, fa_projection projection, fa_attention *attention);

/*
 * Computes destination = attention(query, key, value).
 *   query, key, value   ndim 2 ... 4, extents as created, last stride 1
 *   destination         likewise; no element of it may be an element of an input
 *   selection           which keys take part; NULL: all
 *   report              receives what was done; NULL: not wanted
 * Errors: NULL, HANDLE, STRUCT_SIZE, SHAPE, ARGUMENT (overlap, a mask byte above 1, a length out of range, a negative feature of
 * "given" without signed_features), OUT_OF_MEMORY. A destination whose own elements meet is ARGUMENT.
 * Time per head: "direct" O(n_q n_k (m + d_v)), "fft" O(N log N m d_v), "linear" O(n m d_v), "band" and "decay"
 * O(n (w (m + d_v) + m d_v)) with w the offsets that lie between constant, negligible or exponential tails,
 * "multipole" O(n r m d_v) with r the rank of smooth tails, 4 ... 16; memory O(N (m + d_v)) per head in flight. Other systems' times
 * stand at their creators. Working memory is pooled: a second call of the same handle allocates nothing.
 */
fa_status fa_attention_forward(fa_attention attention, const fa_tensor *query, const fa_tensor *key,
                               const fa_tensor *value, const fa_tensor *destination,
                               const fa_key_selection *selection, fa_report *report);

/* What an attention is going to do. The words are static. */
typedef struct fa_plan {
    uint64_t struct_size;     /* sizeof(fa_plan), set by the caller */
    const char *method;       /* the method that will run: "direct" for softmax and Gaussian attention, "linear" for Skyformer */
    const char *tier;         /* the instruction tier of its kernels */
    int64_t features;         /* of a row of query or key; 0 for systems without */
    int64_t fourier_length;   /* of the transforms that "fft" uses or would use; 0: none */
    int64_t workspace_bytes;  /* working memory of one piece of work in flight, of which there are at most as many as threads */
} fa_plan;

#ifdef __cplusplus
#define FA_PLAN_INIT {sizeof(fa_plan), nullptr, nullptr, 0, 0, 0}
#else
#define FA_PLAN_INIT {.struct_size = sizeof(fa_plan)}
#endif

/*
 * Tells what an attention of any kind is going to do; of the first sequence, where each has its own query offset.
 *   plan   receives it; its struct_size is set
 * Errors: NULL, HANDLE, STRUCT_SIZE.
 */
fa_status fa_attention_plan(fa_attention attention, fa_plan *plan);

/*
 * The same as a few lines of text: the method, why, and what the other methods would cost.
 *   text      receives UTF-8 with a zero at its end, cut off at a whole character where there is no room; NULL when capacity is 0
 *   capacity  bytes of text, at least 0
 *   length    receives the bytes of the whole text, the zero included: call again with as much room when it is above capacity
 * Errors: NULL, HANDLE, ARGUMENT (capacity).
 */
fa_status fa_attention_explain(fa_attention attention, char *text, int64_t capacity, int64_t *length);

/* Frees the working memory of an attention that no call uses now; later calls take it anew. Errors: HANDLE. */
fa_status fa_attention_trim(fa_attention attention);

/* Ends an attention of any kind and frees its working memory. {0} is allowed and does nothing. Errors: HANDLE. */
fa_status fa_attention_destroy(fa_attention attention);

/* ---- Features ------------------------------------------------------------------------------------- */

/*
 * How many features the map of these options makes of a row: m, 2 m for "trf", d or 2 d nu for maps without a projection.
 *   options, projection   as in fa_attention_create; what is not about features is checked but not read
 *   dimension             d, columns of a row
 *   count                 receives the number
 * Errors: NULL (count), STRUCT_SIZE, SHAPE, ARGUMENT, WORD, HANDLE, OUT_OF_MEMORY.
 */
fa_status fa_feature_count(const fa_attention_options *options, fa_projection projection, int64_t dimension, int64_t *count);

/*
 * phi(x) by itself: rows go in, features come out, as fa_attention_forward with the same options and projection makes them of queries and of
 * keys. phi is that of fa_attention_create, without the factor 1/sqrt m that cancels. Attention over them, with feature map "given", is
 * attention with the map.
 *   options, projection   as in fa_attention_create; what is not about features is checked but not read
 *   rows                  [B, H, n, d], leading axes may be absent; any strides but the last, which is 1
 *   features              [B, H, n, fa_feature_count()], likewise; must not overlap rows. A row that is not finite becomes NaN
 *   log_scales            NULL: features are phi(x), which may overflow to infinity or underflow to 0. Else [B, H, n] without gaps:
 *                         receives a number s for each row, and features are phi(x) / exp(s), the largest near one. s is -infinity where
 *                         all features are zero and NaN where the row is not finite
 *   log_scales_count      B H n; 0 when log_scales is NULL
 * Errors: NULL, STRUCT_SIZE, SHAPE, ARGUMENT, WORD, HANDLE, OUT_OF_MEMORY. Time: O(B H n m d), plus drawing the projection.
 */
fa_status fa_map_features(const fa_attention_options *options, fa_projection projection, const fa_tensor *rows,
                          const fa_tensor *features, double *log_scales, int64_t log_scales_count);

/* ---- SchoenbAt ------------------------------------------------------------------------------------ */

/*
 * A draw of random Maclaurin features, which turn a dot-product kernel f(t) = sum_N a_N t^N into an inner product:
 *   "exp" e^t   "inv" 1/(1 - t)   "log" 1 - ln(1 - t)   "trigh" cosh t + sinh t   "sqrt" 2 - sqrt(1 - t)
 * A feature of degree N is sqrt(a_N / (P[N] R)) (w_1 . x) ... (w_N . x), every w in {-1, 1}^d, R the number of random features, P[N]
 * the probability of its degree: each half as likely as the one before, from the lowest that is drawn up to 20. Lower ones are
 * exact: degree 0 is 1 feature, degree 1 takes d more, degree 2 d (d + 1) / 2 more. Data that is drawn from a seed or given, and
 * can be read back, saved and restored. The same seed gives the same bytes on every machine. The handle is passed by value; {0}
 * means none. Sources: Kar and Karnick 2012; SchoenbAt, Guo et al. 2025, arXiv 2505.12252.
 */
typedef struct fa_maclaurin {
    uint64_t id;
} fa_maclaurin;

/*
 * Draws features that all heads share.
 *   features       of a row, exact ones and at least one random one, at most 4096
 *   dimension      d, 1 ... 512
 *   kernel         a word of those above; NULL: "exp"
 *   seed           any
 *   exact_degrees  the highest degree that is exact, 0, 1 or 2
 *   literal        0: the authors' code, degree 0 exact; 1: the paper's text, degree 0 drawn like the others (exact_degrees 0)
 *   draw           receives the handle; destroy it with fa_maclaurin_destroy
 * Errors: NULL (draw), ARGUMENT, WORD, OUT_OF_MEMORY. Time: O(features d).
 */
fa_status fa_maclaurin_create(int64_t features, int64_t dimension, const char *kernel, uint64_t seed, int32_t exact_degrees,
                              int32_t literal, fa_maclaurin *draw);

/*
 * Copies a draw the caller brings.
 *   degrees, degrees_count   one for each random feature, from the lowest drawn (exact_degrees + 1; literal: 0) to 20
 *   signs, signs_count       1 or -1, [sum of degrees, dimension], dense: the factors of one feature after the other
 *   the others               as in fa_maclaurin_create
 * Errors: NULL, SHAPE, ARGUMENT, WORD, OUT_OF_MEMORY.
 */
fa_status fa_maclaurin_from_values(const int32_t *degrees, int64_t degrees_count, const int8_t *signs, int64_t signs_count,
                                   int64_t dimension, const char *kernel, int32_t exact_degrees, int32_t literal,
                                   fa_maclaurin *draw);

/* {features, dimension, random features, sum of their degrees}. Errors: NULL, HANDLE. */
fa_status fa_maclaurin_shape(fa_maclaurin draw, int64_t shape[4]);

/* Copies out the degrees of the random features; count is how many there are. Errors: NULL, HANDLE, SHAPE. */
fa_status fa_maclaurin_degrees(fa_maclaurin draw, int32_t *degrees, int64_t count);

/* Copies out the signs; count is the sum of the degrees times the dimension. Errors: NULL, HANDLE, SHAPE. */
fa_status fa_maclaurin_signs(fa_maclaurin draw, int8_t *signs, int64_t count);

/* Ends a draw. Attentions made with it are not affected. {0} is allowed and does nothing. Errors: HANDLE. */
fa_status fa_maclaurin_destroy(fa_maclaurin draw);

/* Choices; zero everywhere but struct_size is the method of the authors' code, but that theirs raises denominators to at least 1 (denominator_floor). */
typedef struct fa_schoenbat_options {
    uint64_t struct_size;      /* sizeof(fa_schoenbat_options) */
    const char *kernel;        /* "exp" "inv" "log" "trigh" "sqrt"; NULL: that of the draw given, else "exp" */
    const char *method;        /* as in fa_attention_options */
    uint64_t seed;             /* of a draw that is not given */
    int64_t features;          /* of a row, at most 4096; 0: those of the draw given, else 128 */
    int64_t query_offset;      /* as in fa_attention_options */
    const fa_tensor *gamma;    /* factor on every output: [1], [d_v] or [H, d_v], finite, any strides, copied; NULL: none */
    const fa_tensor *beta;     /* exponent, gamma sign(z) |z|^beta: the same shapes, finite, above 0; NULL: none */
    int32_t has_query_offset;  /* as in fa_attention_options */
    int32_t causal;            /* as in fa_attention_options */
    int32_t exact_degrees;     /* 0, 1 or 2; 0 with a draw: that of the draw */
    int32_t literal;           /* FA_YES: degree 0 is drawn too; FA_DEFAULT: as in the draw given, else no */
    int32_t threads;           /* at least 1; 0: fa_default_threads() */
    float tolerance;           /* as in fa_attention_options, before gamma and beta */
    fa_position position;      /* instead of a bias; {0}: none. It may be destroyed right after the call */
    float denominator_floor;   /* denominators below it become it, finite and above 0; the authors' code has 1; 0: none */
    int32_t reserved;          /* 0 */
    const int64_t *query_offsets; /* as in fa_attention_options, as is the next */
    int64_t query_offsets_count;
} fa_schoenbat_options;

#ifdef __cplusplus
#define FA_SCHOENBAT_OPTIONS_INIT \
    {sizeof(fa_schoenbat_options), nullptr, nullptr, 0, 0, 0, nullptr, nullptr, 0, 0, 0, 0, 0, 0.0f, {0}, 0.0f, 0, nullptr, 0}
#else
#define FA_SCHOENBAT_OPTIONS_INIT {.struct_size = sizeof(fa_schoenbat_options)}
#endif

/*
 * SchoenbAt: z_i = sum_j c_{j-i} (phi(q_i) . phi(k_j)) v_j / sum_j c_{j-i} (phi(q_i) . phi(k_j)), then gamma z or gamma sign(z) |z|^beta, with
 * phi the Maclaurin features of rows without their mean and of length d^(-1/4) (a row of equal entries becomes zero).
 *   shape      the sizes
 *   options    the choices; NULL: defaults
 *   bias       as in fa_attention_create; the paper has no positions, and without any the time is linear in n
 *   draw       copied by reference: it may be destroyed right after; {0}: drawn from seed, kernel, features, exact_degrees and literal
 *   attention  receives the handle; destroy it with fa_attention_destroy
 * Features can be negative, and so can the denominator: numerator and denominator are unbiased for the series up to degree 20, their
 * ratio is not. Both are accurate relative to the sum of their terms' absolute values, and the tolerance holds where the denominator keeps
 * at least a twentieth of that; where it cancels to less, what comes out is a quotient of two numbers that are nearly zero, and
 * zeros where it is exactly zero.
 * Errors: NULL (shape, attention), STRUCT_SIZE, SHAPE, ARGUMENT, WORD, HANDLE (draw, position), OUT_OF_MEMORY.
 */
fa_status fa_schoenbat_create(const fa_attention_shape *shape, const fa_schoenbat_options *options, const fa_tensor *bias,
                              fa_maclaurin draw, fa_attention *attention);

/* ---- Softmax and Gaussian attention --------------------------------------------------------------- */

/* Choices; zero everywhere but struct_size is the default. */
typedef struct fa_softmax_options {
    uint64_t struct_size;      /* sizeof(fa_softmax_options) */
    int64_t query_offset;      /* as in fa_attention_options */
    int32_t has_query_offset;  /* as in fa_attention_options */
    int32_t causal;            /* as in fa_attention_options */
    int32_t threads;           /* at least 1; 0: fa_default_threads() */
    float scale;               /* factor on q . k, finite, above 0; 0: d^(-1/2) */
    fa_position position;      /* instead of a bias; {0}: none. It may be destroyed right after the call */
    const int64_t *query_offsets; /* as in fa_attention_options, as is the next */
    int64_t query_offsets_count;
} fa_softmax_options;

typedef struct fa_gaussian_options {
    uint64_t struct_size;      /* sizeof(fa_gaussian_options) */
    int64_t query_offset;      /* as in fa_attention_options */
    int32_t has_query_offset;  /* as in fa_attention_options */
    int32_t causal;            /* as in fa_attention_options */
    int32_t threads;           /* at least 1; 0: fa_default_threads() */
    int32_t reserved;          /* 0 */
    fa_position position;      /* instead of a bias; {0}: none. It may be destroyed right after the call */
    const int64_t *query_offsets; /* as in fa_attention_options, as is the next */
    int64_t query_offsets_count;
} fa_gaussian_options;

#ifdef __cplusplus
#define FA_SOFTMAX_OPTIONS_INIT {sizeof(fa_softmax_options), 0, 0, 0, 0, 0.0f, {0}, nullptr, 0}
#define FA_GAUSSIAN_OPTIONS_INIT {sizeof(fa_gaussian_options), 0, 0, 0, 0, 0, {0}, nullptr, 0}
#else
#define FA_SOFTMAX_OPTIONS_INIT {.struct_size = sizeof(fa_softmax_options)}
#define FA_GAUSSIAN_OPTIONS_INIT {.struct_size = sizeof(fa_gaussian_options)}
#endif

/*
 * Exact softmax attention, z_i = sum_j softmax_j(scale q_i . k_j + b_{j-i}) v_j, to float32 rounding: a weight is within a relative error of about
 * d 2^-24 times the size of its score, bias included (3e-4 for a bias of -1e4), and sums add at most 2.1e-5 of the largest |v_j| for any number
 * of keys. The baseline of every other system.
 *   shape      the sizes
 *   options    the choices; NULL: defaults
 *   bias       as in fa_attention_create
 *   attention  receives the handle; destroy it with fa_attention_destroy
 * Queries that may have scores beyond 2^120 are computed in float64, which takes some ten times as long, and so are rows whose best
 * score is 45,426 or more below their head's largest bias.
 * Errors: NULL (shape, attention), STRUCT_SIZE, SHAPE, ARGUMENT, HANDLE (position), OUT_OF_MEMORY.
 * Time of a forward call: O(n_q n_k (d + d_v)) a head, memory linear in n. Sources: Milakov and Gimelshein 2018; Dao et al. 2022.
 */
fa_status fa_softmax_create(const fa_attention_shape *shape, const fa_softmax_options *options, const fa_tensor *bias,
                            fa_attention *attention);

/*
 * Exact attention with the Gaussian kernel, out_i = sum_j exp(b_{j-i} - |q_i - k_j|^2 / (2 sqrt d)) v_j, without a denominator.
 *   shape, options, bias, attention   as in fa_softmax_create
 * With D = |q_i - k_j|^2 / (2 sqrt d), a weight is within a relative error of about 2^-12 + 2 D sqrt(d) 2^-24, whatever the norms; queries
 * further than 32 from the middle of the keys take some twenty times as long. Nothing divides the output, which must stay within float32.
 * Errors and time: as fa_softmax_create. Source: Chen et al. 2021, eq. 3, extended by positions.
 */
fa_status fa_gaussian_create(const fa_attention_shape *shape, const fa_gaussian_options *options, const fa_tensor *bias,
                             fa_attention *attention);

/* ---- Skyformer ------------------------------------------------------------------------------------ */

/* Choices; zero everywhere but struct_size is the paper's method with an exact inverse. */
typedef struct fa_skyformer_options {
    uint64_t struct_size;             /* sizeof(fa_skyformer_options) */
    const char *inverse;              /* "cholesky", exact, or "schulz", the six steps of the authors' code; NULL: "cholesky" */
    const char *sampling;             /* "uniform" over the rows of [Q; K], "halves", half of Q and half of K, or "replacement", the halves with
                                         replacement, as the authors' code draws them (gamma above 0); NULL: "uniform" */
    uint64_t seed;                    /* of the draw */
    int64_t landmarks;                /* 1 ... 4096, at most as many as there are rows to choose from; 0: 128 */
    const int64_t *landmark_indices;  /* the landmarks themselves, rows of [Q; K], keys from n_q on; copied; NULL: drawn */
    int64_t landmark_indices_count;   /* how many, at most 4096 */
    float gamma;                      /* added to the diagonal, finite, at least 0; read when has_gamma is 1 */
    int32_t has_gamma;                /* 0: gamma is 0.1 */
    int32_t threads;                  /* at least 1; 0: fa_default_threads() */
    int32_t reserved;                 /* 0 */
} fa_skyformer_options;

#ifdef __cplusplus
#define FA_SKYFORMER_OPTIONS_INIT {sizeof(fa_skyformer_options), nullptr, nullptr, 0, 0, nullptr, 0, 0.0f, 0, 0, 0}
#else
#define FA_SKYFORMER_OPTIONS_INIT {.struct_size = sizeof(fa_skyformer_options)}
#endif

/*
 * A Nystroem approximation of Gaussian attention in linear time: with k(x, y) = exp(-|x - y|^2 / (2 sqrt d)) and landmarks L, some rows of
 * [Q; K], out = k(Q, L) (k(L, L) + gamma I)^-1 (k(L, K) V).
 *   shape      the sizes
 *   options    the choices; NULL: defaults
 *   attention  receives the handle; destroy it with fa_attention_destroy
 * Landmarks are drawn without replacement unless sampling says otherwise, for every head by itself, from seed, head and the
 * rows there are: a sequence's answer depends neither on the others of its batch nor on its padding. Keys left out are none; where n_q = n_k, neither are the queries beside them.
 * Rows that hold NaN or infinity are none. Indices that name such rows are left out; repeated ones need a gamma above 0.
 * Errors: NULL (shape, attention), STRUCT_SIZE, SHAPE, ARGUMENT, WORD, OUT_OF_MEMORY.
 * Time of a forward call: O((n_q + n_k) l (d + d_v) + l^3) a head for l landmarks. Source: Chen et al. 2021, eq. 4 to 6, section 4.4.
 */
fa_status fa_skyformer_create(const fa_attention_shape *shape, const fa_skyformer_options *options, fa_attention *attention);

/* ---- Toeplitz products ---------------------------------------------------------------------------- */

/* Prepared Toeplitz matrices, one a head or one for all. */
typedef struct fa_toeplitz {
    uint64_t id;
} fa_toeplitz;

/*
 * Prepares y_i = sum_j c_{j-i} x_j.
 *   coefficients   [n_out + n_in - 1] or [H, n_out + n_in - 1], entry (j - i) + (n_out - 1); finite; any strides; copied
 *   output_length  n_out, at least 0
 *   input_length   n_in, at least 0
 *   toeplitz       receives the handle; destroy it with fa_toeplitz_destroy
 * Errors: NULL, SHAPE, ARGUMENT, OUT_OF_MEMORY. Time: O(H N log N), N the Fourier length, below 2 (n_out + n_in).
 */
fa_status fa_toeplitz_create(const fa_tensor *coefficients, int64_t output_length, int64_t input_length,
                             fa_toeplitz *toeplitz);

/*
 * Multiplies.
 *   x            [n_in, columns] or [H, n_in, columns], row-major without gaps
 *   destination  [n_out, columns] or [H, n_out, columns], row-major without gaps; must not overlap x
 *   threads      at least 1; 0: fa_default_threads()
 * With one matrix for all, x may have any number of heads; else as many as there are matrices.
 * Each element is within a few 2^-24 |c| |x_column| of exact (Euclidean norms), and also within 2^-15 |c_i| |x_i|: c_i are the coefficients
 * of its own row, x_i is the part of its column between the first and the last of them that is not zero. A value that a row does not see
 * never reaches it, however loud it is; a row that sees only zeros is zero.
 * Errors: NULL, HANDLE, SHAPE, ARGUMENT (overlap, threads), OUT_OF_MEMORY. Time: O(H columns N log N).
 */
fa_status fa_toeplitz_multiply(fa_toeplitz toeplitz, const fa_tensor *x, const fa_tensor *destination, int32_t threads);

/* Ends Toeplitz matrices. {0} is allowed and does nothing. Errors: HANDLE. */
fa_status fa_toeplitz_destroy(fa_toeplitz toeplitz);

/* ---- FastRPB ------------------------------------------------------------------------------------- */

/* Prepared weights of FastRPB, one vector a head or one for all. */
typedef struct fa_fast_rpb {
    uint64_t id;
} fa_fast_rpb;

/* Choices; zero everywhere but struct_size is one full vector, every row taking values of every other. */
typedef struct fa_fast_rpb_options {
    uint64_t struct_size;  /* sizeof(fa_fast_rpb_options) */
    int64_t prefix;        /* special tokens before the others: they give nothing and receive nothing; at least 0 */
    int64_t suffix;        /* special tokens after the others; at least 0 */
    int32_t causal;        /* 1: row i takes values of rows j <= i only. Not on a grid */
    int32_t symmetric;     /* 1: weights by distance, [n], entry |i - j|; 0: by offset, [2n - 1] */
} fa_fast_rpb_options;

#ifdef __cplusplus
#define FA_FAST_RPB_OPTIONS_INIT {sizeof(fa_fast_rpb_options), 0, 0, 0, 0}
#else
#define FA_FAST_RPB_OPTIONS_INIT {.struct_size = sizeof(fa_fast_rpb_options)}
#endif

/*
 * Prepares FastRPB (Zubkov and Gavrilov 2022, https://arxiv.org/abs/2202.11364): W V beside any attention's output,
 * W_ij = w_{i-j}, weights of either sign. n counts the tokens that are not special and follows from the weights.
 *   weights   [2n - 1] or [H, 2n - 1], entry (i - j) + (n - 1), query minus key: the opposite of a bias; or, symmetric, [n] or
 *             [H, n]; finite; any strides; copied
 *   options   NULL: all defaults
 *   fast_rpb  receives the handle; destroy it with fa_fast_rpb_destroy
 * Each element of W v is within a few 2^-24 |w| |v_column| of exact (Euclidean norms), and also within 2^-15 |w_i| |v_i|: w_i are the
 * weights of its own row, v_i is the part of its column between the first and the last of them that is not zero. So a later value never
 * reaches a causal row, however loud it is. On a grid both hold along each axis, for the sums of values along rows and along columns.
 * Errors: NULL, STRUCT_SIZE, SHAPE, ARGUMENT, OUT_OF_MEMORY. Time: O(H n log n).
 */
fa_status fa_fast_rpb_create(const fa_tensor *weights, const fa_fast_rpb_options *options, fa_fast_rpb *fast_rpb);

/*
 * The same for an image, tokens row by row: W[(y, x), (y', x')] = w^y_{y-y'} + w^x_{x-x'}.
 *   vertical    w^y, [2 height - 1] or [H, 2 height - 1]; symmetric: [height] or [H, height]
 *   horizontal  w^x, the same with width; NULL: vertical serves both axes of a square image, as the authors have it
 * Errors: as fa_fast_rpb_create; ARGUMENT also for causal.
 */
fa_status fa_fast_rpb_create_grid(const fa_tensor *vertical, const fa_tensor *horizontal,
                                  const fa_fast_rpb_options *options, fa_fast_rpb *fast_rpb);

/*
 * Computes W V. Rows are prefix + n + suffix.
 *   value        [B, H_v, rows, d_v], leading axes may be absent; any strides but the last, which is 1
 *   destination  [B, H, rows, d_v], the same; H_v divides H, and H is that of the weights unless they have one vector for all;
 *                must not overlap value
 *   selection    NULL, or rows whose values count (n_k is rows); what others hold is not looked at
 *   add          1: W V is added to destination, rows of special tokens stay; 0: it is written, rows of special tokens become zeros
 *   threads      at least 1; 0: fa_default_threads()
 * A NaN or an infinity in a value reaches its column of the rows whose weight for it is not zero, and nothing else.
 * Errors: NULL, HANDLE, STRUCT_SIZE, SHAPE, ARGUMENT, OUT_OF_MEMORY.
 * Time: O(B H d_v n log n), on a grid O(B H d_v (n + s log s)) with s the longer side. A second call allocates nothing.
 */
fa_status fa_fast_rpb_apply(fa_fast_rpb fast_rpb, const fa_tensor *value, const fa_tensor *destination,
                            const fa_key_selection *selection, int32_t add, int32_t threads);

/* Ends FastRPB weights. {0} is allowed and does nothing. Errors: HANDLE. */
fa_status fa_fast_rpb_destroy(fa_fast_rpb fast_rpb);

#ifdef __cplusplus
}
#endif

#endif
