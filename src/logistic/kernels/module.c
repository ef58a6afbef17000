/* The table of compiled kernels, and how arrays come in. */

#include "kernels.h"
#include "rows.h"
#include "softmax.h"

int borrow(PyObject *object, Array *array, const char *format, Py_ssize_t size, int writable) {
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, &array->view, flags) < 0) return 0;
    const char *found = array->view.format ? array->view.format : "B";
    int integers = format && *format == 'q' && (*found == 'q' || *found == 'l') && array->view.itemsize == 8;
    array->data = array->view.buf;
    array->size = array->view.itemsize ? array->view.len / array->view.itemsize : 0; /* text may have no width */
    if ((format && !integers && strcmp(found, format) != 0) || (size >= 0 && array->size != size)) {
        const char *wanted = format ? format : "any";
        PyErr_Format(PyExc_ValueError, "needs %zd numbers of type %s, but got %zd of %s", size, wanted, array->size, found);
        PyBuffer_Release(&array->view);
        return 0;
    }
    return 1;
}

void give_back(Array *arrays, int count) {
    while (count > 0) PyBuffer_Release(&arrays[--count].view);
}

int borrow_all(PyObject *const *objects, Array *arrays, const char *formats) {
    for (int i = 0; *formats; i++) {
        int writable = *formats < 'a';
        const char format[2] = {(char)(writable ? *formats - 'A' + 'a' : *formats), 0};
        int optional = *++formats == '?';
        formats += optional;
        if (optional && objects[i] == Py_None) {
            memset(&arrays[i], 0, sizeof arrays[i]);
        } else if (!borrow(objects[i], &arrays[i], *format == 'x' ? NULL : format, -1, writable)) {
            give_back(arrays, i);
            return 0;
        }
    }
    return 1;
}

/* clang-format off */
#if defined(__GNUC__)
#define JOINT(each) \
    each(joint_sums, "X (n, p), order, center, factor, offset, cuts, W (U, q), sign, uses, fold, weights (F, n), held, " \
                     "grad (N, q), sums (3, N)") \
    each(joint_grams, "X (n, p), order, center, factor, offset, cuts, W (1, q), weight, cells (runs, q, q)") \
    each(joint_columns, "X (n, p), order, center, factor, columns (q, n)")
#else
#define JOINT(each)
#endif

#if defined(VECTORS_KNOWN)
#define PASS(each) \
    each(loss_pass, "X (n, p) float32 or float64, center (p,) or None, coef (K, p) and base (K,) or neither, " \
                    "start (K, n) or None, codes (0 and 1 where K = 1), weight (n,), along (K, n) or None, eta (K, n), " \
                    "pull (K, p), sums (K,), t: the weighted sum of the losses")
#else
#define PASS(each)
#endif

/* Each kernel, and the arrays that it takes. */
#define KERNELS(each) \
    each(binary_loss, "eta, codes (int8, int64 or float64), losses, residual: n numbers each") \
    each(softmax_loss, "eta (K, n), codes (n,), losses, residual, space (2, K, 64)") \
    each(softmax_probabilities, "eta (K, n), found, space (2, K, 64)") \
    each(logits, "X (n, p), coef (M, p), base (M,), center (p,) or None, eta (M, n)") \
    each(probabilities, "eta (n, M), found (n, K)") \
    each(add_columns, "X (m, N), W (m,), eta (n,), first row") \
    each(dot_columns, "X (m, N), taking, residual (n,), pull (m,), first row") \
    each(gather_rows, "X (n, p), G (n, sets), total (sets, q), sets, first and last column") \
    each(take_columns, "X (n, p) or its transpose, keep, center, scale (m,), to (m, n), whether X lies row by row") \
    each(survey_rows, "X (n, p), middle (p,), found (4, p): smallest, largest, sums of x - middle and of its squares") \
    each(steepness, "gradient (q, M), l1 (q,), spread (q,) and share (M,) or neither, level") \
    each(beyond, "gradient (q, M), l1 (q,)") \
    each(follow, "X (q, n), positive, weight, offset (n,), l1, square (q,), alphas (S + 2,), optima (S + 2, q), steps (S,), " \
                 "extrapolate, enough") \
    JOINT(each) \
    PASS(each)
/* clang-format on */

#define DECLARED(name, words) PyObject *name(PyObject *, PyObject *const *, Py_ssize_t);
#define LISTED(name, words) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, words},

KERNELS(DECLARED)

static PyMethodDef methods[] = {KERNELS(LISTED){NULL, NULL, 0, NULL}};

/* What callers have to know: rows of a band, and classes that are multiplied. */
static int constants(PyObject *module) {
    return PyModule_AddIntMacro(module, BAND) || PyModule_AddIntMacro(module, MOST) ? -1 : 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, constants}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_compiled", "Compiled kernels.", 0, methods, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__compiled(void) {
    return PyModuleDef_Init(&definition);
}
