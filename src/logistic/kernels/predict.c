/* Logits of rows that lie one behind the other in memory, for few classes, and their probabilities. */

#include "kernels.h"

#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12) /* for their vectors: others predict with NumPy */

#include <float.h>

enum {
    ROWS = 4,     /* at once, times */
    CLASSES = 5,  /* so many classes: 20 sums, which fill the 32 registers of the widest processors */
    MOST = 20,    /* classes that are multiplied: BLAS is as fast for more */
    SHORT = 8,    /* features below which it is as fast in float */
    AHEAD = 2048, /* bytes of a stream that are asked for before they are needed */
    CHUNK = 64,   /* rows of logits that wait for their exponentials */
    WIDEST = 64,  /* classes that have room to wait */
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
    Py_ssize_t p = rows->p;
    const float *restrict single = (const float *)rows->x + i * p;
    const double *restrict whole = (const double *)rows->x + i * p, *restrict center = rows->center;
    if (rows->single)
        for (Py_ssize_t j = 0; j < p; j++) held[j] = (double)single[j];
    else
        memcpy(held, whole, p * sizeof *held);
    if (center)
        for (Py_ssize_t j = 0; j < p; j++) held[j] -= center[j];
}

INLINE double share_double(double x) {
    return exp_of_negative(x);
}

/* The same as exp_of_negative in float, to one unit in the last place. */
INLINE float share_single(float x) {
    const float shifter = 12582912.0f; /* 1.5 * 2^23 */
    float y = x < -104.0f ? -104.0f : x;
    float shifted = fmaf(y, 1.44269504f, shifter), n = shifted - shifter;
    float r = fmaf(n, 2.12194440e-4f, fmaf(n, -0.693359375f, y));
    float p = 1.0f / 5040.0f; /* |r| <= log(2) / 2 leaves 6e-9 after the seventh power */
    p = fmaf(p, r, 1.0f / 720.0f);
    p = fmaf(p, r, 1.0f / 120.0f);
    p = fmaf(p, r, 1.0f / 24.0f);
    p = fmaf(p, r, 1.0f / 6.0f);
    p = fmaf(p, r, 0.5f);
    p = fmaf(p * r, r, r) + 1.0f;
    int32_t power = (int32_t)n, half = power >> 1;
    uint32_t first = (uint32_t)(half + 127) << 23, second = (uint32_t)(power - half + 127) << 23;
    float a, b;
    memcpy(&a, &first, sizeof a);
    memcpy(&b, &second, sizeof b);
    return x < -103.97208f ? 0.0f : p * a * b;
}

#define NUMBER float
#define LANES 8
#define KIND(name) name##_single
#include "rows.h"
#undef NUMBER
#undef LANES
#undef KIND
#define NUMBER double
#define LANES 4
#define KIND(name) name##_double
#include "rows.h"

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
        if (size && !rows.held) PyErr_NoMemory();
        if (centred && shapes && rows.M <= MOST && (!single || (straight && rows.p >= SHORT)) && (rows.held || !size)) {
            Py_BEGIN_ALLOW_THREADS
            sound = single ? logits_single(&rows) : logits_double(&rows);
            Py_END_ALLOW_THREADS
        }
        if (rows.held != few) PyMem_Free(rows.held);
    }
    for (int i = 0; i < 5; i++) PyBuffer_Release(&views[i]);
    if (PyErr_Occurred()) return NULL;
    if (sound < 0) Py_RETURN_NONE;
    return PyBool_FromLong(sound);
}

/* probabilities(eta, found): whether they were made; of one kind, and only found must lie row by row. */
PyObject *probabilities(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "probabilities takes eta and found");
    Py_buffer views[2], *eta = views, *found = views + 1;
    lend(args, views, 2, PyBUF_STRIDES | PyBUF_FORMAT);
    int fit = 0;
    if (suits(eta, 2, "fd") && suits(found, 2, eta->format) && PyBuffer_IsContiguous(found, 'C')) {
        Py_ssize_t M = eta->shape[1];
        fit = 0 < M && M <= WIDEST && found->shape[0] == eta->shape[0] && found->shape[1] == (M == 1 ? 2 : M);
    }
    if (fit) {
        Py_BEGIN_ALLOW_THREADS
        if (*eta->format == 'f')
            shares_single(eta, found);
        else
            shares_double(eta, found);
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
