/* One pass over the rows for many fits of two classes: logits, losses, residuals and gradients of a tile of rows while it is in the
   cache. A library of linear algebra reaches half the speed in products of such shapes, and each needs a call of its own. */

#include "kernels.h"

#if defined(__GNUC__)
#include "tile.h"

#define DOWN 5           /* sets of coefficients that are multiplied at a time, by ACROSS vectors: as many as registers hold */
#define CACHED (1 << 16) /* numbers of a tile and all that is made of it */
#define MOST_ROWS 512

typedef struct {
    int lanes, across;
    void (*logits)(const double *, const double *, double *, Py_ssize_t, Py_ssize_t, Py_ssize_t);
    void (*products)(const double *, const double *, double *, Py_ssize_t, Py_ssize_t, Py_ssize_t, int);
    void (*margins)(double *, double *, const double *, const double *, Py_ssize_t, Py_ssize_t);
    void (*weighed)(const double *, const double *, const double *, const double *, double *, double *, Py_ssize_t);
    double (*dot)(const double *, const double *, Py_ssize_t);
    void (*curved)(const double *, const double *, const double *, const double *, double *, double *, Py_ssize_t, Py_ssize_t);
} Passes;

#define LANES 2
#define ACROSS 2
#define TARGET
#include "joint.h"
#if defined(__x86_64__)
#define LANES 4
#define ACROSS 2
#define TARGET __attribute__((target("avx2,fma")))
#include "joint.h"
#define LANES 8
#define ACROSS 4
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#include "joint.h"
#endif

static const Passes *widest(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
        return &passes_8;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &passes_4;
#endif
    return &passes_2;
}

/* A piece of the memory that was taken for a call, on a line of the cache. */
static double *cut(double **memory, Py_ssize_t numbers) {
    double *piece = *memory;
    *memory += padded(numbers, 8);
    return piece;
}

static double *line_of(void *memory) {
    return (double *)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
}

/* What one call is about. */
typedef struct {
    const Passes *passes;
    Rows X;
    const double *sign, *offset, *weights, *held, *W;
    const int64_t *uses, *fold, *cuts;
    Py_ssize_t n, folds, sets, fits, runs; /* `sets` of coefficients, of which fit i has uses[i] */
    double *grad, *sums;
    Py_ssize_t across, most; /* columns of a tile, padded, and its rows at most */
} Call;

/* The memory of a call. Index i counts fits, s sets that somebody needs, d pairs of such a set and a vector of weights. */
typedef struct {
    double *tile, *W, *eta, *losses, *left, *lanes, *sign, *offset, *weights, *held, *found;
    Py_ssize_t *pair, *before, *slot, *alias, *holds, *mark, *where;
} Room;

static size_t arranged(const Call *c, Room *room, void *memory) {
    double *next = line_of(memory), *start = next;
    Py_ssize_t sets = padded(c->sets, DOWN), fits = padded(c->fits, DOWN), rows = c->most, *whole;
    room->tile = cut(&next, c->across * rows);
    room->W = cut(&next, sets * c->X.q);
    room->eta = cut(&next, sets * rows);
    room->losses = c->sums ? cut(&next, sets * rows) : NULL;
    room->left = cut(&next, fits * rows);
    room->lanes = cut(&next, fits * c->across * c->passes->lanes);
    room->sign = cut(&next, rows);
    room->offset = cut(&next, rows);
    room->weights = cut(&next, c->folds * rows);
    room->held = c->held ? cut(&next, c->folds * rows) : NULL;
    room->found = cut(&next, 2 * fits);
    whole = (Py_ssize_t *)next;
    room->pair = whole, whole += c->fits;
    room->before = whole, whole += c->fits;
    room->slot = whole, whole += c->sets;
    room->alias = whole, whole += c->folds;
    room->holds = whole, whole += c->folds;
    room->mark = whole, whole += c->folds;
    room->where = whole, whole += c->folds;
    return (size_t)((char *)whole - (char *)start) + 64;
}

/* Adds the sums in the lanes to the gradients of the fits, and clears them. */
static void flush(const Call *c, Room *room, Py_ssize_t pairs) {
    Py_ssize_t lanes = c->passes->lanes, across = c->passes->across, down = padded(pairs, DOWN);
    for (Py_ssize_t i = 0; i < c->fits && pairs; i++) {
        if (room->before[i] < 0) continue;
        for (Py_ssize_t j = 0; j < c->X.q; j++) {
            Py_ssize_t d = room->before[i], block = (j / across * (down / DOWN) + d / DOWN) * DOWN * across;
            const double *at = room->lanes + (block + d % DOWN * across + j % across) * lanes;
            double sum = 0.0;
            for (Py_ssize_t k = 0; k < lanes; k++) sum += at[k];
            c->grad[i * c->X.q + j] += sum;
        }
    }
    memset(room->lanes, 0, sizeof(double) * padded(c->fits, DOWN) * c->across * lanes);
}

/* Which fits learn from the rows of the tile: the pair of each, -1 for none. Folds that weigh these rows alike share pairs. */
static Py_ssize_t paired(const Call *c, Room *room, Py_ssize_t rows) {
    Py_ssize_t first = -1, pairs = 0;
    for (Py_ssize_t f = 0; f < c->folds; f++) {
        const double *weights = room->weights + f * rows;
        room->mark[f] = -1;
        room->holds[f] = c->held && any(room->held + f * rows, rows);
        room->alias[f] = any(weights, rows) ? f : -1;
        if (room->alias[f] < 0) continue;
        if (first < 0) first = f;
        if (memcmp(weights, room->weights + first * rows, sizeof(double) * rows) == 0) room->alias[f] = first;
    }
    for (Py_ssize_t i = 0; i < c->fits; i++) {
        Py_ssize_t a = room->alias[c->fold[i]];
        if (a >= 0 && room->mark[a] != c->uses[i]) room->mark[a] = c->uses[i], room->where[a] = pairs++;
        room->pair[i] = a < 0 ? -1 : room->where[a];
    }
    return pairs;
}

/* Rows first to first + count, for all fits; returns the number of pairs, whose sums are in the lanes. */
static Py_ssize_t passed(const Call *c, Room *room, Py_ssize_t first, Py_ssize_t count, Py_ssize_t before) {
    const Passes *passes = c->passes;
    Py_ssize_t rows = padded(count, passes->lanes * passes->across), q = c->X.q, slots = 0;
    fill(&c->X, first, count, room->tile, rows);
    memset(room->tile + q * rows, 0, sizeof(double) * (c->across - q) * rows);
    gather(c->sign, c->X.order, first, count, room->sign, rows);
    gather(c->offset, c->X.order, first, count, room->offset, rows);
    for (Py_ssize_t f = 0; f < c->folds; f++) {
        gather(c->weights + f * c->n, c->X.order, first, count, room->weights + f * rows, rows);
        if (c->held) gather(c->held + f * c->n, c->X.order, first, count, room->held + f * rows, rows);
    }
    Py_ssize_t pairs = paired(c, room, rows);
    if (memcmp(room->pair, room->before, sizeof(Py_ssize_t) * c->fits) != 0) {
        if (c->grad) flush(c, room, before);
        memcpy(room->before, room->pair, sizeof(Py_ssize_t) * c->fits);
    }
    for (Py_ssize_t s = 0; s < c->sets; s++) room->slot[s] = -1;
    for (Py_ssize_t i = 0; i < c->fits; i++) {
        Py_ssize_t *slot = &room->slot[c->uses[i]];
        if (room->pair[i] < 0 && !room->holds[c->fold[i]]) continue;
        if (*slot < 0) {
            memcpy(room->W + slots * q, c->W + c->uses[i] * q, sizeof(double) * q);
            *slot = slots++;
        }
    }
    memset(room->W + slots * q, 0, sizeof(double) * (padded(slots, DOWN) - slots) * q);
    passes->logits(room->tile, room->W, room->eta, rows, q, padded(slots, DOWN));
    passes->margins(room->eta, room->losses, room->sign, room->offset, rows, slots);
    memset(room->found, 0, sizeof(double) * 2 * pairs);
    for (Py_ssize_t i = 0, done = 0; i < c->fits; i++) {
        Py_ssize_t d = room->pair[i], s = room->slot[c->uses[i]];
        const double *losses = c->sums && s >= 0 ? room->losses + s * rows : NULL;
        if (d >= 0 && d == done) {
            const double *weights = room->weights + room->alias[c->fold[i]] * rows;
            passes->weighed(room->eta + s * rows, losses, room->sign, weights, room->left + d * rows, room->found + 2 * d, rows);
            done++;
        }
        if (!c->sums) continue;
        if (d >= 0) c->sums[i] += room->found[2 * d], c->sums[2 * c->fits + i] += room->found[2 * d + 1];
        if (room->holds[c->fold[i]]) c->sums[c->fits + i] += passes->dot(losses, room->held + c->fold[i] * rows, rows);
    }
    memset(room->left + pairs * rows, 0, sizeof(double) * (padded(pairs, DOWN) - pairs) * rows);
    if (c->grad && pairs) passes->products(room->left, room->tile, room->lanes, rows, c->across, padded(pairs, DOWN), 0);
    return pairs;
}

static int summed(const Call *c) {
    Room room;
    void *memory = malloc(arranged(c, &room, NULL));
    if (!memory) return 0;
    arranged(c, &room, memory);
    memset(room.lanes, 0, sizeof(double) * padded(c->fits, DOWN) * c->across * c->passes->lanes);
    for (Py_ssize_t i = 0; i < c->fits; i++) room.before[i] = -1;
    Py_ssize_t pairs = 0;
    for (Py_ssize_t run = 0; run < c->runs; run++) {
        Py_ssize_t first = (Py_ssize_t)c->cuts[run], size = (Py_ssize_t)c->cuts[run + 1] - first;
        Py_ssize_t times = (size + c->most - 1) / c->most;
        for (Py_ssize_t k = 0; k < times; k++) {
            Py_ssize_t from = first + k * size / times, to = first + (k + 1) * size / times;
            pairs = passed(c, &room, from, to - from, pairs);
        }
    }
    if (c->grad) flush(c, &room, pairs);
    free(memory);
    return 1;
}

/* Xᵀ diag(weight p (1 - p)) X of each run of rows, at the first set; the sums of a run are its own. */
static int curved(const Call *c, double *cells) {
    const Passes *passes = c->passes;
    Py_ssize_t q = c->X.q, lanes = passes->lanes, down = padded(q, DOWN), rows = c->most;
    Py_ssize_t sums = down * c->across * lanes;
    void *memory = malloc(sizeof(double) * ((c->across + down + DOWN + 3) * rows + DOWN * q + sums + 64) + 64);
    if (!memory) return 0;
    double *next = line_of(memory), *tile = cut(&next, c->across * rows), *left = cut(&next, down * rows);
    double *eta = cut(&next, DOWN * rows), *W = cut(&next, DOWN * q), *all = cut(&next, sums);
    double *weight = cut(&next, rows), *offset = cut(&next, rows), *curvature = cut(&next, rows);
    memset(W, 0, sizeof(double) * DOWN * q);
    memcpy(W, c->W, sizeof(double) * q);
    for (Py_ssize_t run = 0; run < c->runs; run++, cells += q * q) {
        Py_ssize_t first = (Py_ssize_t)c->cuts[run], size = (Py_ssize_t)c->cuts[run + 1] - first;
        Py_ssize_t times = (size + c->most - 1) / c->most;
        memset(all, 0, sizeof(double) * sums);
        for (Py_ssize_t k = 0; k < times; k++) {
            Py_ssize_t from = first + k * size / times, count = first + (k + 1) * size / times - from;
            rows = padded(count, lanes * passes->across);
            fill(&c->X, from, count, tile, rows);
            memset(tile + q * rows, 0, sizeof(double) * (c->across - q) * rows);
            gather(c->weights, c->X.order, from, count, weight, rows);
            gather(c->offset, c->X.order, from, count, offset, rows);
            passes->logits(tile, W, eta, rows, q, DOWN);
            passes->curved(tile, eta, offset, weight, curvature, left, rows, q);
            memset(left + q * rows, 0, sizeof(double) * (down - q) * rows);
            passes->products(left, tile, all, rows, c->across, down, 1);
        }
        for (Py_ssize_t i = 0; i < q; i++)
            for (Py_ssize_t j = 0; j <= i; j++) {
                Py_ssize_t block = (j / passes->across * (down / DOWN) + i / DOWN) * DOWN * passes->across;
                const double *at = all + (block + i % DOWN * passes->across + j % passes->across) * lanes;
                double sum = 0.0;
                for (Py_ssize_t k = 0; k < lanes; k++) sum += at[k];
                cells[i * q + j] = cells[j * q + i] = sum;
            }
    }
    free(memory);
    return 1;
}

enum { SUMS = 14, GRAMS = 9, COLUMNS = 5 }; /* arguments of each kernel, any of which may be an array */

/* The arrays that a call borrows, and how many of them there are. */
typedef struct {
    Array arrays[SUMS];
    int count;
} Lent;

/* The numbers of an array, NULL where it is None; sets an error if there are not `size` of them, -1 for any. */
static void *lend(Lent *lent, PyObject *object, const char *format, Py_ssize_t size, int writable) {
    if (object == Py_None || PyErr_Occurred()) return NULL;
    if (!borrow(object, &lent->arrays[lent->count], format, size, writable)) return NULL;
    return lent->arrays[lent->count++].data;
}

static Py_ssize_t last_size(const Lent *lent) {
    return lent->count ? lent->arrays[lent->count - 1].size : 0;
}

static int within(const int64_t *numbers, Py_ssize_t count, Py_ssize_t end) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (numbers[i] < 0 || numbers[i] >= end) return 0;
    return 1;
}

/* Takes (X, order, center, factor), which all kernels begin with; 0 where an error is set. */
static int take_rows(Call *c, Lent *lent, PyObject *const *args) {
    Py_buffer *view = &lent->arrays[0].view;
    if (PyObject_GetBuffer(args[0], view, PyBUF_STRIDES | PyBUF_FORMAT) < 0) return 0;
    lent->count = 1;
    int single = view->format && strcmp(view->format, "f") == 0;
    if (view->ndim != 2 || !(single || (view->format && strcmp(view->format, "d") == 0))) {
        PyErr_SetString(PyExc_ValueError, "X needs two dimensions of float64 or float32");
        return 0;
    }
    c->passes = widest();
    c->n = view->shape[0];
    c->X = (Rows){view->buf, view->strides[0], view->strides[1], single, view->shape[1], view->shape[1], NULL, NULL, NULL};
    c->X.order = lend(lent, args[1], "q", c->n, 0);
    if (c->X.order && !within(c->X.order, c->n, c->n)) PyErr_SetString(PyExc_ValueError, "order names rows that there are not");
    c->X.center = lend(lent, args[2], "d", c->X.p, 0);
    c->X.factor = lend(lent, args[3], "d", c->X.p, 0);
    return !PyErr_Occurred();
}

/* Takes (offset, cuts, W) besides. */
static int take(Call *c, Lent *lent, PyObject *const *args) {
    if (!take_rows(c, lent, args)) return 0;
    c->offset = lend(lent, args[4], "d", c->n, 0);
    c->cuts = lend(lent, args[5], "q", -1, 0);
    c->runs = c->cuts ? last_size(lent) - 1 : -1;
    if (c->runs < 0) PyErr_SetString(PyExc_ValueError, "cuts are where runs of rows begin, and their end");
    for (Py_ssize_t i = 0; !PyErr_Occurred() && i < c->runs; i++)
        if (c->cuts[i] < 0 || c->cuts[i] > c->cuts[i + 1] || c->cuts[i + 1] > c->n)
            PyErr_SetString(PyExc_ValueError, "cuts must ascend from row to row");
    if (PyErr_Occurred()) return 0;
    Py_buffer *view = &lent->arrays[lent->count].view;
    if (PyObject_GetBuffer(args[6], view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) return 0;
    lent->count++;
    int fitting = view->ndim == 2 && (view->shape[1] == c->X.p || view->shape[1] == c->X.p + 1);
    if (!fitting || strcmp(view->format ? view->format : "B", "d") != 0) {
        PyErr_SetString(PyExc_ValueError, "W needs a row for each set of coefficients, in float64");
        return 0;
    }
    c->W = view->buf, c->sets = view->shape[0], c->X.q = view->shape[1];
    c->across = padded(c->X.q, c->passes->across);
    return 1;
}

/* Rows of a tile, of which `each` numbers are kept in the cache. */
static Py_ssize_t rows_of(const Call *c, Py_ssize_t each) {
    Py_ssize_t unit = c->passes->lanes * c->passes->across, most = CACHED / (each ? each : 1) / unit * unit;
    return most < unit ? unit : most > MOST_ROWS ? MOST_ROWS : most;
}

PyObject *joint_sums(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != SUMS) return PyErr_Format(PyExc_TypeError, "joint_sums takes %d arguments", SUMS);
    Lent lent = {.count = 0};
    Call c = {0};
    int done = 1;
    if (take(&c, &lent, args)) {
        c.sign = lend(&lent, args[7], "d", c.n, 0);
        c.fold = lend(&lent, args[9], "q", -1, 0);
        c.fits = last_size(&lent);
        c.uses = lend(&lent, args[8], "q", c.fits, 0);
        c.weights = lend(&lent, args[10], "d", -1, 0);
        c.folds = c.n ? last_size(&lent) / c.n : 0;
        c.held = lend(&lent, args[11], "d", c.folds * c.n, 0);
        c.grad = lend(&lent, args[12], "d", c.fits * c.X.q, 1);
        c.sums = lend(&lent, args[13], "d", 3 * c.fits, 1);
        int named = c.sign && c.weights && c.fold && c.uses;
        if (!PyErr_Occurred() && !(named && within(c.uses, c.fits, c.sets) && within(c.fold, c.fits, c.folds)))
            PyErr_SetString(PyExc_ValueError, "uses and fold must name sets of coefficients and folds");
    }
    if (!PyErr_Occurred()) {
        c.most = rows_of(&c, c.across + c.sets + c.fits + (c.sums ? c.sets : 0));
        Py_BEGIN_ALLOW_THREADS
        done = summed(&c);
        Py_END_ALLOW_THREADS
    }
    give_back(lent.arrays, lent.count);
    if (!done) return PyErr_NoMemory();
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

PyObject *joint_grams(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != GRAMS) return PyErr_Format(PyExc_TypeError, "joint_grams takes %d arguments", GRAMS);
    Lent lent = {.count = 0};
    Call c = {0};
    double *cells = NULL;
    int done = 1;
    if (take(&c, &lent, args)) {
        c.weights = lend(&lent, args[7], "d", c.n, 0);
        cells = lend(&lent, args[8], "d", c.runs * c.X.q * c.X.q, 1);
        if (!PyErr_Occurred() && !(c.weights && cells && c.sets == 1))
            PyErr_SetString(PyExc_ValueError, "one set, weights and cells are needed");
    }
    if (!PyErr_Occurred()) {
        c.most = rows_of(&c, 2 * c.across + DOWN);
        Py_BEGIN_ALLOW_THREADS
        done = curved(&c, cells);
        Py_END_ALLOW_THREADS
    }
    give_back(lent.arrays, lent.count);
    if (!done) return PyErr_NoMemory();
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

PyObject *joint_columns(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != COLUMNS) return PyErr_Format(PyExc_TypeError, "joint_columns takes %d arguments", COLUMNS);
    Lent lent = {.count = 0};
    Call c = {0};
    if (take_rows(&c, &lent, args)) {
        double *columns = lend(&lent, args[4], "d", -1, 1);
        if (columns && last_size(&lent) == c.n * (c.X.p + 1)) c.X.q++;
        if (!PyErr_Occurred() && (!columns || last_size(&lent) != c.n * c.X.q))
            PyErr_SetString(PyExc_ValueError, "columns need room for all rows");
        if (!PyErr_Occurred()) {
            Py_BEGIN_ALLOW_THREADS
            fill(&c.X, 0, c.n, columns, c.n);
            Py_END_ALLOW_THREADS
        }
    }
    give_back(lent.arrays, lent.count);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}
#endif
