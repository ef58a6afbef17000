/* Losses, residuals and probabilities of softmax, at logits (classes, rows). */

#include "kernels.h"
#include "softmax.h"

WIDE static void probabilities_of(const double *z, Py_ssize_t n, Py_ssize_t classes, double *p, double *space) {
    Sums sums;
    for (Py_ssize_t first = 0; first < n; first += BAND) {
        Py_ssize_t rows = n - first < BAND ? n - first : BAND;
        shares(z + first, n, classes, rows, space, space + classes * BAND, &sums, p + first);
    }
}

WIDE static void losses_of(const double *z, const int64_t *y, Py_ssize_t n, Py_ssize_t classes, double *losses, double *residual,
                           double *space) {
    for (Py_ssize_t first = 0; first < n; first += BAND) {
        Py_ssize_t rows = n - first < BAND ? n - first : BAND;
        band_losses(z + first, y + first, n, classes, rows, losses + first, residual + first, space);
    }
}

/* eta (classes, n), codes (n,) below classes, losses (n,), residual (classes, n), workspace (2, classes, 64). */
PyObject *softmax_loss(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 5) return PyErr_Format(PyExc_TypeError, "softmax_loss takes 5 arrays");
    Array arrays[5], *eta = arrays, *codes = arrays + 1, *losses = arrays + 2, *residual = arrays + 3, *space = arrays + 4;
    if (!borrow_all(args, arrays, "dqDDD")) return NULL;
    Py_ssize_t n = codes->size, classes = n ? eta->size / n : 0;
    int fitting = eta->size == classes * n && losses->size == n && residual->size == eta->size;
    if (!fitting || (n && space->size != 2 * BAND * classes))
        PyErr_SetString(PyExc_ValueError, "the sizes of the arrays do not fit");
    const int64_t *y = codes->data;
    if (!PyErr_Occurred() && !known_codes(y, n, classes)) PyErr_SetString(PyExc_ValueError, "a code is no class");
    if (!PyErr_Occurred()) {
        Py_BEGIN_ALLOW_THREADS
        losses_of(eta->data, y, n, classes, losses->data, residual->data, space->data);
        Py_END_ALLOW_THREADS
    }
    give_back(arrays, 5);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

/* eta (classes, n), found (classes, n), workspace (2, classes, 64). */
PyObject *softmax_probabilities(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 3) return PyErr_Format(PyExc_TypeError, "softmax_probabilities takes 3 arrays");
    Array arrays[3], *eta = arrays, *found = arrays + 1, *space = arrays + 2;
    if (!borrow_all(args, arrays, "dDD")) return NULL;
    Py_ssize_t classes = space->size / (2 * BAND), n = classes ? eta->size / classes : 0;
    if (found->size != eta->size || classes * n != eta->size) {
        PyErr_SetString(PyExc_ValueError, "the sizes of the arrays do not fit");
    } else {
        Py_BEGIN_ALLOW_THREADS
        probabilities_of(eta->data, n, classes, found->data, space->data);
        Py_END_ALLOW_THREADS
    }
    give_back(arrays, 3);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
