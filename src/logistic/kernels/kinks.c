/* How gradients (q, M) stand to the kinks (q,) of an L1 penalty, in one pass over them; NaN where one is among them. */

#include "kernels.h"

/* The largest |g_jk| / l1_j, each gradient larger by share_k spread_j + level where there are any. */
WIDE static double steepest(const double *restrict g, const double *restrict l1, const double *restrict spread, const double *share,
                            double level, Py_ssize_t q, Py_ssize_t M) {
    double ratio = 0.0;
    int odd = 0;
    for (Py_ssize_t k = 0; k < M; k++) {
        if (share) {
            double own = share[k];
#pragma omp simd reduction(max : ratio) reduction(| : odd)
            for (Py_ssize_t j = 0; j < q; j++) {
                double part = (fabs(g[j * M + k]) + own * spread[j] + level) / l1[j];
                odd |= part != part, ratio = part > ratio ? part : ratio;
            }
        } else {
#pragma omp simd reduction(max : ratio) reduction(| : odd)
            for (Py_ssize_t j = 0; j < q; j++) {
                double part = fabs(g[j * M + k]) / l1[j];
                odd |= part != part, ratio = part > ratio ? part : ratio;
            }
        }
    }
    return odd ? NAN : ratio;
}

/* The largest |g_jk| - l1_j, but at least 0. */
WIDE static double farthest(const double *restrict g, const double *restrict l1, Py_ssize_t q, Py_ssize_t M) {
    double past = 0.0;
    int odd = 0;
    for (Py_ssize_t k = 0; k < M; k++) {
#pragma omp simd reduction(max : past) reduction(| : odd)
        for (Py_ssize_t j = 0; j < q; j++) {
            double over = fabs(g[j * M + k]) - l1[j];
            odd |= over != over, past = over > past ? over : past;
        }
    }
    return odd ? NAN : past;
}

PyObject *steepness(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 5) return PyErr_Format(PyExc_TypeError, "steepness takes 4 arrays and a number");
    Array arrays[4], *gradient = arrays, *l1 = arrays + 1, *spread = arrays + 2, *share = arrays + 3;
    double level = PyFloat_AsDouble(args[4]), ratio = 0.0;
    if (PyErr_Occurred() || !borrow_all(args, arrays, "ddd?d?")) return NULL;
    Py_ssize_t q = l1->size, M = share->data ? share->size : q ? gradient->size / q : 0;
    int sound = gradient->size == q * M && !spread->data == !share->data && (!spread->data || spread->size == q);
    if (sound) ratio = steepest(gradient->data, l1->data, spread->data, share->data, level, q, M);
    give_back(arrays, 4);
    if (!sound) return PyErr_Format(PyExc_ValueError, "the gradient needs %zd rows of %zd classes, and so many spreads", q, M);
    return PyFloat_FromDouble(ratio);
}

PyObject *beyond(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 2) return PyErr_Format(PyExc_TypeError, "beyond takes gradient and l1");
    Array arrays[2], *gradient = arrays, *l1 = arrays + 1;
    if (!borrow_all(args, arrays, "dd")) return NULL;
    Py_ssize_t q = l1->size, M = q ? gradient->size / q : 0;
    int sound = gradient->size == q * M;
    double past = sound ? farthest(gradient->data, l1->data, q, M) : 0.0;
    give_back(arrays, 2);
    if (!sound) return PyErr_Format(PyExc_ValueError, "the gradient needs rows for %zd kinks", q);
    return PyFloat_FromDouble(past);
}
