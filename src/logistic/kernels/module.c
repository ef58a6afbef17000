/* The table of compiled kernels, and how arrays come in. */

#include "kernels.h"

int borrow(PyObject *object, Array *array, const char *format, Py_ssize_t size, int writable) {
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, &array->view, flags) < 0) return 0;
    const char *found = array->view.format ? array->view.format : "B";
    int integers = format && *format == 'q' && (*found == 'q' || *found == 'l') && array->view.itemsize == 8;
    array->data = array->view.buf;
    array->size = array->view.len / array->view.itemsize;
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

PyObject *binary_loss(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *joint_sums(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *joint_grams(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *joint_columns(PyObject *module, PyObject *const *args, Py_ssize_t count);

static PyMethodDef methods[] = {
    {"binary_loss", (PyCFunction)(void (*)(void))binary_loss, METH_FASTCALL,
     "eta, codes (int8, int64 or float64), losses, residual: n numbers each"},
#if defined(__GNUC__)
    {"joint_sums", (PyCFunction)(void (*)(void))joint_sums, METH_FASTCALL,
     "X (n, p), order, center, factor, offset, cuts, W (U, q), sign, uses, fold, weights (F, n), held, grad (N, q), sums (3, N)"},
    {"joint_grams", (PyCFunction)(void (*)(void))joint_grams, METH_FASTCALL,
     "X (n, p), order, center, factor, offset, cuts, W (1, q), weight, cells (runs, q, q)"},
    {"joint_columns", (PyCFunction)(void (*)(void))joint_columns, METH_FASTCALL,
     "X (n, p), order, center, factor, columns (q, n)"},
#endif
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_compiled", "Compiled kernels.", 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__compiled(void) {
    return PyModuleDef_Init(&definition);
}
