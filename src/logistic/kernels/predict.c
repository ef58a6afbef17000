/* Logits of rows that lie one behind the other in memory, for few classes, and their probabilities. */

#include "kernels.h"

#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12) /* for their vectors: others predict with NumPy */

#include <float.h>

enum {
    ROWS = 4,     /* at once, times */
    CLASSES = 5,  /* so many classes: 20 sums, which fill the 32 registers of the widest processors */
    MOST = 32,    /* classes: BLAS is as fast for more */
    AHEAD = 2048, /* bytes of a stream that are asked for before they are needed */
    CHUNK = 64,   /* rows of logits that wait for their exponentials */
    FEW = 2048,   /* numbers for which no memory is asked */
};

typedef struct {
    const void *x;        /* (n, p) float or double */
    const void *coef;     /* (M, p) */
    const void *base;     /* (M,) */
    const double *center; /* (p,) or NULL */
    double *held;         /* (ROWS, p), for rows that are not multiplied as they lie; else NULL */
    void *eta;            /* (M, n) */
    Py_ssize_t n, p, M;
    int single; /* whether x is float */
} Rows;

/* Row i in double, less the centre. */
INLINE void prepare(const Rows *rows, Py_ssize_t i, double *restrict held) {
    const float *single = (const float *)rows->x + i * rows->p;
    const double *whole = (const double *)rows->x + i * rows->p, *center = rows->center;
    if (rows->single)
        for (Py_ssize_t j = 0; j < rows->p; j++) held[j] = (double)single[j] - (center ? center[j] : 0.0);
    else
        for (Py_ssize_t j = 0; j < rows->p; j++) held[j] = whole[j] - (center ? center[j] : 0.0);
}

#define NUMBER float
#define LANES 8
#define KIND(name) name##_single
#include "product.h"
#undef NUMBER
#undef LANES
#undef KIND
#define NUMBER double
#define LANES 4
#define KIND(name) name##_double
#include "product.h"

/* Whether the array has so many dimensions and numbers of one of these kinds, each where a number of its kind may be. */
static int suits(const Py_buffer *view, int dimensions, const char *kinds) {
    const char *kind = view->format;
    return view->ndim == dimensions && kind && *kind && !kind[1] && strchr(kinds, *kind) && (uintptr_t)view->buf % view->itemsize == 0;
}

/* Borrows arrays, the last one to be written; what is no such array is left without a format. */
static void lend(PyObject *const *args, Py_buffer *views, int count, int flags) {
    memset(views, 0, count * sizeof *views);
    for (int i = 0; i < count; i++)
        if (args[i] != Py_None && PyObject_GetBuffer(args[i], &views[i], flags | (i == count - 1 ? PyBUF_WRITABLE : 0)) < 0) PyErr_Clear();
}

/* logits(X, coef, base, center, eta): whether all are finite; None where these arrays are not what the kernel is made for. */
PyObject *logits(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 5) return PyErr_Format(PyExc_TypeError, "logits takes X, coef, base, center and eta");
    Py_buffer views[5], *x = views, *coef = views + 1, *base = views + 2, *center = views + 3, *eta = views + 4;
    lend(args, views, 5, PyBUF_ND | PyBUF_FORMAT);
    double few[FEW];
    int sound = -1;
    if (suits(x, 2, "fd") && suits(coef, 2, "fd") && suits(base, 1, coef->format) && suits(eta, 2, coef->format)) {
        Rows rows = {.x = x->buf, .coef = coef->buf, .base = base->buf, .center = center->buf, .eta = eta->buf};
        rows.n = x->shape[0], rows.p = x->shape[1], rows.M = coef->shape[0], rows.single = *x->format == 'f';
        int single = *coef->format == 'f', straight = rows.single == single && !center->buf;
        int centred = args[3] == Py_None || (suits(center, 1, "d") && center->shape[0] == rows.p);
        int shapes = coef->shape[1] == rows.p && base->shape[0] == rows.M && eta->shape[0] == rows.M && eta->shape[1] == rows.n;
        size_t size = straight ? 0 : ROWS * (size_t)rows.p;
        if (size) rows.held = size <= FEW ? few : PyMem_Calloc(size, sizeof *few);
        if (centred && shapes && rows.M <= MOST && (straight || !single) && (rows.held || !size)) {
            Py_BEGIN_ALLOW_THREADS
            sound = single ? logits_single(&rows) : logits_double(&rows);
            Py_END_ALLOW_THREADS
        }
        if (rows.held != few) PyMem_Free(rows.held);
    }
    for (int i = 0; i < 5; i++) PyBuffer_Release(&views[i]);
    if (sound < 0) Py_RETURN_NONE;
    return PyBool_FromLong(sound);
}

/* exp(x) for x <= 0, which is zero where no number is small enough. */
INLINE double share(double x) {
    return x < -745.2 ? 0.0 : exp_of_negative(x);
}

/* z (M, CHUNK), of which `count` columns count, becomes probabilities: for M = 1 those of two classes. */
INLINE void softmax(double *restrict z, Py_ssize_t M, Py_ssize_t count) {
    if (M == 1) {
#pragma omp simd
        for (Py_ssize_t t = 0; t < count; t++) {
            double small = share(-fabs(z[t])), lower = small / (1.0 + small), upper = 1.0 / (1.0 + small);
            z[CHUNK + t] = z[t] > 0.0 ? upper : lower;
            z[t] = z[t] > 0.0 ? lower : upper;
        }
        return;
    }
    double top[CHUNK], total[CHUNK] = {0};
    memcpy(top, z, sizeof top);
    for (Py_ssize_t c = 1; c < M; c++)
        for (Py_ssize_t t = 0; t < count; t++) top[t] = z[c * CHUNK + t] > top[t] ? z[c * CHUNK + t] : top[t];
    for (Py_ssize_t c = 0; c < M; c++)
#pragma omp simd
        for (Py_ssize_t t = 0; t < count; t++) total[t] += z[c * CHUNK + t] = share(z[c * CHUNK + t] - top[t]);
    for (Py_ssize_t c = 0; c < M; c++)
        for (Py_ssize_t t = 0; t < count; t++) z[c * CHUNK + t] /= total[t];
}

/* The probabilities (n, K) of logits (n, M), wherever these lie. */
WIDE static void shares(const Py_buffer *eta, const Py_buffer *found) {
    double z[MOST * CHUNK];
    Py_ssize_t n = eta->shape[0], M = eta->shape[1], K = found->shape[1], along = eta->strides[0], across = eta->strides[1];
    for (Py_ssize_t i = 0; i < n; i += CHUNK) {
        Py_ssize_t count = n - i < CHUNK ? n - i : CHUNK;
        for (Py_ssize_t c = 0; c < M; c++) {
            const char *from = (const char *)eta->buf + i * along + c * across;
            if (*eta->format == 'f')
                for (Py_ssize_t t = 0; t < count; t++) z[c * CHUNK + t] = *(const float *)(from + t * along);
            else
                for (Py_ssize_t t = 0; t < count; t++) z[c * CHUNK + t] = *(const double *)(from + t * along);
        }
        softmax(z, M, count);
        for (Py_ssize_t k = 0; k < K; k++)
            if (*found->format == 'f')
                for (Py_ssize_t t = 0; t < count; t++) ((float *)found->buf)[(i + t) * K + k] = (float)z[k * CHUNK + t];
            else
                for (Py_ssize_t t = 0; t < count; t++) ((double *)found->buf)[(i + t) * K + k] = z[k * CHUNK + t];
    }
}

/* probabilities(eta, found): whether they were made; only found must lie row by row. */
PyObject *probabilities(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "probabilities takes eta and found");
    Py_buffer views[2], *eta = views, *found = views + 1;
    lend(args, views, 2, PyBUF_STRIDES | PyBUF_FORMAT);
    int fit = 0;
    if (suits(eta, 2, "fd") && suits(found, 2, "fd") && PyBuffer_IsContiguous(found, 'C')) {
        Py_ssize_t M = eta->shape[1];
        fit = 0 < M && M <= MOST && found->shape[0] == eta->shape[0] && found->shape[1] == (M == 1 ? 2 : M);
    }
    if (fit) {
        Py_BEGIN_ALLOW_THREADS
        shares(eta, found);
        Py_END_ALLOW_THREADS
    }
    for (int i = 0; i < 2; i++) PyBuffer_Release(&views[i]);
    return PyBool_FromLong(fit);
}

#else

PyObject *logits(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module, (void)args, (void)count;
    Py_RETURN_NONE;
}

PyObject *probabilities(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module, (void)args, (void)count;
    Py_RETURN_FALSE;
}

#endif
