"""Toeplitz products of many columns by scipy.fft (pocketfft), real transforms, one worker."""

import numpy
import scipy
import scipy.fft

import pipe


def toeplitz(along_rows):
    def prepare(sizes, arrays):
        n, columns = sizes
        c, x = arrays[0], arrays[1].reshape(n, columns)
        size = scipy.fft.next_fast_len(2 * n - 1, real=True)
        # y_i = sum_j h_{i-j} x_j with h_t = c_{-t}; c has entry t + n - 1.
        circle = numpy.zeros(size, "float32")
        circle[:n] = c[n - 1 :: -1]
        if n > 1:
            circle[-(n - 1) :] = c[: n - 1 : -1]
        spectrum = scipy.fft.rfft(circle)
        if along_rows:
            return lambda: scipy.fft.irfft(scipy.fft.rfft(x, size, axis=0) * spectrum[:, None], size, axis=0)[:n]

        def run():
            transform = scipy.fft.rfft(numpy.ascontiguousarray(x.T), size)
            transform *= spectrum
            return numpy.ascontiguousarray(scipy.fft.irfft(transform, size, overwrite_x=True)[:, :n].T)

        return run

    return prepare


pipe.serve(
    {"toeplitz:scipy": toeplitz(along_rows=True), "toeplitz:scipy-transposed": toeplitz(along_rows=False)},
    f"scipy {scipy.__version__}, numpy {numpy.__version__}",
)
