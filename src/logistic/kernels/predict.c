/* Predictions: logits of rows and their probabilities, for few classes. */

#include "kernels.h"

#if defined(VECTORS_KNOWN) /* others do it with NumPy */

#include <float.h>

#include "rows.h"

enum {
    SHORT = 8,   /* features below which BLAS is as fast in float */
    CHUNK = 64,  /* rows of logits that wait for their exponentials */
    WIDEST = 64, /* classes that have room to wait */
};

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
#define KIND(name) name##_single
#include "shares.h"
#undef NUMBER
#undef KIND
#define NUMBER double
#define KIND(name) name##_double
#include "shares.h"

/* Whether the array has so many dimensions and numbers of one of these kinds, each where a number of its kind may be. */
static int suits(const Py_buffer *view, int dimensions, const char *kinds) {
    const char *kind = view->format;
    return view->ndim == dimensions && kind && *kind && !kind[1] && strchr(kinds, *kind) &&
           (uintptr_t)view->buf % view->itemsize == 0;
}

/* Borrows arrays, the last one to be written; what is no such array is left without a format. */
static void lend(PyObject *const *args, Py_buffer *views, int count, int flags) {
    memset(views, 0, count * sizeof *views);
    for (int i = 0; i < count; i++)
        if (args[i] != Py_None && PyObject_GetBuffer(args[i], &views[i], flags | (i == count - 1 ? PyBUF_WRITABLE : 0)) < 0)
            PyErr_Clear();
}

/* logits(X, coef, base, center, eta): whether all are finite; None where these arrays are not what the kernel is made for. */
PyObject *logits(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 5) return PyErr_Format(PyExc_TypeError, "logits takes X, coef, base, center and eta");
    Py_buffer views[5], *x = views, *coef = views + 1, *base = views + 2, *center = views + 3, *eta = views + 4;
    lend(args, views, 5, PyBUF_ND | PyBUF_FORMAT);
    int sound = -1;
    if (suits(x, 2, "fd") && suits(coef, 2, "fd") && suits(base, 1, coef->format) && suits(eta, 2, coef->format)) {
        Rows rows = {.x = x->buf, .coef = coef->buf, .base = base->buf, .center = center->buf, .eta = eta->buf};
        rows.n = x->shape[0], rows.p = x->shape[1], rows.M = coef->shape[0];
        rows.stored = *x->format, rows.kind = *coef->format;
        int single = rows.kind == 'f';
        int centred = args[3] == Py_None || (suits(center, 1, "d") && center->shape[0] == rows.p);
        int shapes = coef->shape[1] == rows.p && base->shape[0] == rows.M && eta->shape[0] == rows.M && eta->shape[1] == rows.n;
        if (centred && shapes && rows.M <= MOST && (!single || (rows.stored == 'f' && !rows.center && rows.p >= SHORT))) {
            Py_BEGIN_ALLOW_THREADS
            logits_of(&rows);
            sound = single ? finite_single(rows.eta, rows.M * rows.n) : finite_double(rows.eta, rows.M * rows.n);
            Py_END_ALLOW_THREADS
        }
    }
    for (int i = 0; i < 5; i++) PyBuffer_Release(&views[i]);
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
