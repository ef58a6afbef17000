/* One pass over rows: logits, losses, residuals and gradients of a band of rows while it is in the cache.

   Two classes may have one column of logits, or two. */

#include "kernels.h"

#if defined(VECTORS_KNOWN) /* others do it with NumPy */

#include "rows.h"
#include "softmax.h"

enum {
    LANES = 4,        /* numbers of a vector, of which */
    VECTORS = 4,      /* so many are worked on at once, times CLASSES */
    CACHED = 1 << 16, /* numbers of a band of rows */
    LEAST = 2 * ROWS, /* rows of a band */
    ARRAYS = 11,
};

/* What one call is about: arrays by class are (K, n). */
typedef struct {
    Rows rows;
    const double *start; /* logits to start from, or NULL */
    const int64_t *y;
    const double *weight;
    double t, *along; /* logits of the coefficients, which are given where these are not, or NULL */
    double *eta;      /* the start's and t times these */
    double *pull, *sums, *loss;
} Pass;

typedef double Vector __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double)), may_alias));

#define STORED double
#define KIND(name) name##_double
#include "pass.h"
#undef STORED
#undef KIND
#define STORED float
#define KIND(name) name##_raised
#include "pass.h"

/* Whether the arrays fit one another; then the task is set up. */
static int arranged(const Array *arrays, Pass *task) {
    const Array *X = arrays, *center = arrays + 1, *coef = arrays + 2, *base = arrays + 3, *start = arrays + 4, *codes = arrays + 5,
                *weight = arrays + 6, *along = arrays + 7, *eta = arrays + 8, *pull = arrays + 9, *sums = arrays + 10;
    Py_ssize_t n = codes->size, K = sums->size, p = K ? pull->size / K : 0;
    int single = X->view.itemsize == 4, numbers = X->view.format && strcmp(X->view.format, single ? "f" : "d") == 0;
    int by_class = eta->size == K * n && (!start->data || start->size == K * n) && (!along->data || along->size == K * n);
    int by_column =
        pull->size == K * p && (!coef->data || (coef->size == K * p && base->size == K)) && (!center->data || center->size == p);
    int sound = numbers && X->size == n * p && weight->size == n && by_class && by_column && K <= MOST;
    if (!sound || !known_codes(codes->data, n, K > 1 ? K : 2)) {
        PyErr_SetString(PyExc_ValueError, "the arrays do not fit one another, a code is no class, or there are too many of these");
        return 0;
    }
    task->rows = (Rows){.x = X->data, .coef = coef->data, .base = base->data, .center = center->data};
    task->rows.n = n, task->rows.p = p, task->rows.M = K, task->rows.stored = single ? 'f' : 'd', task->rows.kind = 'd';
    task->start = start->data, task->along = along->data, task->eta = eta->data;
    task->y = codes->data, task->weight = weight->data;
    task->pull = pull->data, task->sums = sums->data;
    return 1;
}

PyObject *loss_pass(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != ARRAYS + 1) return PyErr_Format(PyExc_TypeError, "loss_pass takes 11 arrays and a number");
    Array arrays[ARRAYS];
    double loss = 0.0;
    Pass task = {.t = PyFloat_AsDouble(args[ARRAYS]), .loss = &loss};
    if (PyErr_Occurred() || !borrow_all(args, arrays, "xd?d?d?d?qdD?DDD")) return NULL;
    if (arranged(arrays, &task)) {
        Py_ssize_t p = task.rows.p, rows = p ? CACHED / p / ROWS * ROWS : BAND;
        rows = rows < LEAST ? LEAST : rows > BAND ? BAND : rows;
        Py_BEGIN_ALLOW_THREADS
        if (task.rows.stored == 'f')
            passed_by_all_raised(&task, rows);
        else
            passed_by_all_double(&task, rows);
        Py_END_ALLOW_THREADS
    }
    give_back(arrays, ARRAYS);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(loss);
}

#endif
