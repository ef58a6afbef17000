/* What all kernels share: how they are compiled, how they take arrays, and an exponential that vectorises. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One binary for every processor: the widest version that the machine knows is chosen when the module is loaded. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define WIDE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WIDE
#endif

/* Whether the compiler has vectors of any length, their shuffles and conversions. */
#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)
#define VECTORS_KNOWN
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

#if defined(_MSC_VER)
#define restrict __restrict
#endif

#if defined(__GNUC__)
#define PREFETCH(...) __builtin_prefetch(__VA_ARGS__)
#else
#define PREFETCH(...) ((void)0)
#endif

/* Borrowed numbers of an array, C-contiguous. */
typedef struct {
    Py_buffer view;
    void *data;
    Py_ssize_t size; /* numbers, not bytes */
} Array;

/* Whether the object lends `size` numbers of `format` ("d", "f", "q" for int64); -1 and NULL for any. Sets an error if not. */
int borrow(PyObject *object, Array *array, const char *format, Py_ssize_t size, int writable);

void give_back(Array *arrays, int count);

/* The same for an array of each of these formats, of any size: written to where the letter is a capital, "x" for any numbers.
   Where "?" follows the letter there may be None, which has no data. */
int borrow_all(PyObject *const *objects, Array *arrays, const char *formats);

/* Loss and residual of two classes at logits, (n,) each; `positive` is above zero in rows of the second class. */
void binary_rows(const double *restrict eta, const double *restrict positive, double *restrict losses, double *restrict residual,
                 Py_ssize_t n);

/* exp(x) for x <= 0, to one unit in the last place. */
INLINE double exp_of_negative(double x) {
    const double shifter = 6755399441055744.0; /* 1.5 * 2^52: what is added to it is rounded to an integer, in its low bits */
    double within = x > -746.0 ? x : (x == x ? -746.0 : x); /* below it the result is zero; what is no number stays so */
    double shifted = within * 1.4426950408889634 + shifter;
    int64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    double n = shifted - shifter;
    double r = fma(n, -6.93147180369123816490e-01, within); /* the first part of log 2 has trailing zeros: exact */
    r = fma(n, -1.90821492927058770002e-10, r);
    double p = 1.0 / 6227020800.0; /* Taylor's series: |r| <= log(2) / 2 leaves 3e-18 after the thirteenth power */
    p = fma(p, r, 1.0 / 479001600.0);
    p = fma(p, r, 1.0 / 39916800.0);
    p = fma(p, r, 1.0 / 3628800.0);
    p = fma(p, r, 1.0 / 362880.0);
    p = fma(p, r, 1.0 / 40320.0);
    p = fma(p, r, 1.0 / 5040.0);
    p = fma(p, r, 1.0 / 720.0);
    p = fma(p, r, 1.0 / 120.0);
    p = fma(p, r, 1.0 / 24.0);
    p = fma(p, r, 1.0 / 6.0);
    p = fma(p, r, 0.5);
    p = fma(p * r, r, r) + 1.0;
    int64_t power = (int64_t)((uint64_t)bits << 52) >> 52; /* n, from the low twelve bits */
    int64_t half = power >> 1, rest = power - half;        /* in two steps, for results below the smallest normal number */
    uint64_t first = (uint64_t)(half + 1023) << 52, second = (uint64_t)(rest + 1023) << 52;
    double a, b;
    memcpy(&a, &first, sizeof a);
    memcpy(&b, &second, sizeof b);
    return p * a * b;
}

/* log(1 + f) - f for f between the root of 1/2 and of 2, less 1. */
INLINE double log1p_without_head(double f) {
    double z = f / (2.0 + f), w = z * z; /* log(1 + f) = 2 artanh(z), |z| <= 0.1716 */
    double p = 1.0 / 21.0;
    p = fma(p, w, 1.0 / 19.0);
    p = fma(p, w, 1.0 / 17.0);
    p = fma(p, w, 1.0 / 15.0);
    p = fma(p, w, 1.0 / 13.0);
    p = fma(p, w, 1.0 / 11.0);
    p = fma(p, w, 1.0 / 9.0);
    p = fma(p, w, 1.0 / 7.0);
    p = fma(p, w, 1.0 / 5.0);
    p = fma(p, w, 1.0 / 3.0);
    return 2.0 * z * w * p - z * f; /* 2 z = f - z f */
}

/* log(1 + s) for 0 <= s <= 1, to two units in the last place; `inverse` is 1 / (1 + s). */
INLINE double log1p_of_share(double s, double inverse) {
    double u = 1.0 + s, lost = s - (u - 1.0); /* u - 1 is exact, and so is what the sum lost */
    int upper = u > 1.4142135623730951;
    double f = (upper ? 0.5 * u : u) - 1.0; /* exact */
    double small = lost * inverse + log1p_without_head(f);
    return upper ? 6.93147180369123816490e-01 + (1.90821492927058770002e-10 + small + f) : small + f;
}
