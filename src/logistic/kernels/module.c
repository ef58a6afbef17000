/* The table of compiled kernels, and how arrays come in. */

#include "kernels.h"

int borrow(PyObject *object, Array *array, const char *format, Py_ssize_t size, int writable) {
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, &array->view, flags) < 0) return 0;
    const char *found = array->view.format ? array->view.format : "B";
    int integers = *format == 'q' && (*found == 'q' || *found == 'l') && array->view.itemsize == 8;
    array->data = array->view.buf;
    array->size = array->view.len / array->view.itemsize;
    if (!(integers || strcmp(found, format) == 0) || (size >= 0 && array->size != size)) {
        PyErr_Format(PyExc_ValueError, "needs %zd numbers of type %s, but got %zd of %s", size, format, array->size, found);
        PyBuffer_Release(&array->view);
        return 0;
    }
    return 1;
}

void give_back(Array *arrays, int count) {
    while (count > 0) PyBuffer_Release(&arrays[--count].view);
}

PyObject *binary_loss(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *add_columns(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *dot_columns(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *take_columns(PyObject *module, PyObject *const *args, Py_ssize_t count);
PyObject *follow(PyObject *module, PyObject *const *args, Py_ssize_t count);

static PyMethodDef methods[] = {
    {"binary_loss", (PyCFunction)(void (*)(void))binary_loss, METH_FASTCALL, "eta, positive, losses, residual: (n,) each"},
    {"add_columns", (PyCFunction)(void (*)(void))add_columns, METH_FASTCALL, "X (m, N), W (m,), eta (n,), first row"},
    {"dot_columns", (PyCFunction)(void (*)(void))dot_columns, METH_FASTCALL, "X (m, N), taking, residual (n,), pull (m,), first row"},
    {"take_columns", (PyCFunction)(void (*)(void))take_columns, METH_FASTCALL,
     "X (n, p) or its transpose, keep, center, scale (m,), to (m, n), whether X lies row by row"},
    {"follow", (PyCFunction)(void (*)(void))follow, METH_FASTCALL,
     "X (q, n), positive, weight, offset (n,), l1, square (q,), alphas (S + 2,), optima (S + 2, q), steps (S,), extrapolate, enough"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_compiled", "Compiled kernels.", 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__compiled(void) {
    return PyModuleDef_Init(&definition);
}
