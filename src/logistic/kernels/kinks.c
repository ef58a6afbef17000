/* How gradients stand to the kinks of an L1 penalty, in one pass over them. */

#include "kernels.h"

/* The largest (|g_jk| + share_k spread_j + level) / l1_j, and the largest |g_jk| - l1_j but at least 0, of g (q, M); NaN where one is
 * among them. */
WIDE static void passed(const double *restrict g, const double *restrict l1, const double *restrict spread, const double *share,
                        double level, Py_ssize_t q, Py_ssize_t M, double found[2]) {
    double ratio = 0.0, beyond = 0.0;
    int odd = 0, bad = 0;
    for (Py_ssize_t k = 0; k < M; k++) {
        double own = share[k];
#pragma omp simd reduction(max : ratio, beyond) reduction(| : odd, bad)
        for (Py_ssize_t j = 0; j < q; j++) {
            double size = fabs(g[j * M + k]), part = (size + own * spread[j] + level) / l1[j], over = size - l1[j];
            odd |= part != part, bad |= over != over;
            ratio = part > ratio ? part : ratio;
            beyond = over > beyond ? over : beyond;
        }
    }
    found[0] = odd ? NAN : ratio, found[1] = bad ? NAN : beyond;
}

PyObject *kinks(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 5) return PyErr_Format(PyExc_TypeError, "kinks takes 4 arrays and a number");
    Array arrays[4]; /* gradient, l1, spread, share */
    double level = PyFloat_AsDouble(args[4]), found[2] = {0.0, 0.0};
    if (PyErr_Occurred()) return NULL;
    if (!borrow_all(args, arrays, "dddd")) return NULL;
    Py_ssize_t q = arrays[1].size, M = arrays[3].size;
    int sound = arrays[2].size == q && arrays[0].size == q * M;
    if (sound) passed(arrays[0].data, arrays[1].data, arrays[2].data, arrays[3].data, level, q, M, found);
    give_back(arrays, 4);
    if (!sound) return PyErr_Format(PyExc_ValueError, "the gradient needs %zd rows of %zd classes, and so many spreads", q, M);
    return Py_BuildValue("(dd)", found[0], found[1]);
}
