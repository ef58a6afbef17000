/* Strengths of an L1 penalty one after another, two classes, on few rows and columns: proximal Newton steps whose models are
 * minimised by coordinate descent and by Cholesky factors of the coefficients that are not zero. What it finds is proved elsewhere.
 */

#include "kernels.h"

enum { STEPS = 40, TRIALS = 20, ROUNDS = 40, SWEEPS = 12, LANES = 8 };

static const double LIFT = 1e-12;   /* of the diagonal, so that columns that are the same have a factor */
static const double ALMOST = 1e-10; /* relative: as good as there */

typedef struct {
    Py_ssize_t n, q;
    const double *X;                          /* (q, n): columns as rows, that of the intercept among them */
    const double *positive, *weight, *offset; /* (n,) each */
    const double *unit_l1, *unit_square;      /* (q,): of strength 1 */
    double alpha;
    double *eta, *losses, *residual, *curved; /* (n,): residual and curvature times weight */
    double *W, *pull, value;                  /* where the rest was taken: (q,) each */
    double *best, *slope, *step, *right;      /* (q,): of the model */
    double *H, *factor, *root;                /* (a, a), the same, (a, wide) */
    Py_ssize_t *chosen, *face, a, wide;       /* coefficients of the model, those of a face among them */
} Fit;

INLINE double dot(const double *restrict x, const double *restrict y, Py_ssize_t n) {
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (Py_ssize_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

INLINE void add(double share, const double *restrict x, double *restrict y, Py_ssize_t n) {
#pragma omp simd
    for (Py_ssize_t i = 0; i < n; i++) y[i] += share * x[i];
}

/* Value and residuals at W. */
WIDE static double looked(Fit *f, const double *W) {
    memcpy(f->eta, f->offset, f->n * sizeof(double));
    double penalty = 0.0;
    for (Py_ssize_t j = 0; j < f->q; j++) {
        if (W[j] == 0.0) continue;
        add(W[j], f->X + j * f->n, f->eta, f->n);
        penalty += f->alpha * (f->unit_l1[j] * fabs(W[j]) + 0.5 * f->unit_square[j] * W[j] * W[j]);
    }
    binary_rows(f->eta, f->positive, f->losses, f->residual, f->n);
    return dot(f->weight, f->losses, f->n) + penalty;
}

/* The gradient of the mean loss, and the curvature of the rows. */
WIDE static void pulled(Fit *f) {
#pragma omp simd
    for (Py_ssize_t i = 0; i < f->n; i++) {
        double other = fabs(f->residual[i]);
        f->curved[i] = sqrt(f->weight[i] * other * (1.0 - other));
        f->residual[i] *= f->weight[i];
    }
    for (Py_ssize_t j = 0; j < f->q; j++) f->pull[j] = dot(f->X + j * f->n, f->residual, f->n);
}

/* A duality gap but for rounding and a move of the intercept, whose own promise is added: of residuals shortened until no gradient
 * passes its kink, or by the strong convexity of squares. */
static double gap(const Fit *f) {
    double ratio = 1.0, terms = 0.0, pulls = 0.0, squares = 0.0, convex = 0.0, misfit = 0.0, free = 0.0;
    for (Py_ssize_t j = 0; j < f->q; j++) {
        double l1 = f->alpha * f->unit_l1[j], square = f->alpha * f->unit_square[j], W = f->W[j], g = f->pull[j];
        if (!(l1 > 0.0)) {
            free += g * g;
            continue;
        }
        ratio = fmax(ratio, fabs(g) / l1);
        terms += l1 * fabs(W);
        pulls += g * W;
        squares += 0.5 * square * W * W;
        double rest = W != 0.0 ? fabs(g + square * W + copysign(l1, W)) : fmax(fabs(g) - l1, 0.0);
        convex += square > 0.0 ? rest * rest / (2.0 * square) : rest > 0.0 ? INFINITY : 0.0;
    }
    double less = 1.0 - 1.0 / ratio;
    for (Py_ssize_t i = 0; i < f->n; i++) { /* (1 - p) / p, p the probability of the true class; or by the loss alone */
        double bound = less * expm1(fmin(f->losses[i], 500.0));
        misfit += f->weight[i] * less * fmin(bound, f->losses[i]);
    }
    if (free > 0.0) free /= dot(f->curved, f->curved, f->n);
    return fmin(fmax(terms + (1.0 - less) * pulls + squares, 0.0) + misfit, convex) + free;
}

/* Of the coefficients that take part, into H; rows of `root` are filled up with zeros to whole vectors. */
WIDE static void hessian(Fit *f) {
    Py_ssize_t a = f->a, wide = f->wide;
    for (Py_ssize_t i = 0; i < a; i++) {
        const double *x = f->X + f->chosen[i] * f->n;
        double *scaled = f->root + i * wide;
        for (Py_ssize_t r = 0; r < f->n; r++) scaled[r] = x[r] * f->curved[r];
        for (Py_ssize_t r = f->n; r < wide; r++) scaled[r] = 0.0;
    }
    for (Py_ssize_t i = 0; i < a; i++) {
        const double *restrict x = f->root + i * wide;
        Py_ssize_t j = 0;
        for (; j + 4 <= i + 1; j += 4) { /* four at a time: a number of x is loaded once */
            const double *restrict y = f->root + j * wide;
            double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
            for (Py_ssize_t r = 0; r < wide; r++) {
                s0 += x[r] * y[r];
                s1 += x[r] * y[r + wide];
                s2 += x[r] * y[r + 2 * wide];
                s3 += x[r] * y[r + 3 * wide];
            }
            double *H = f->H + i * a + j;
            H[0] = s0, H[1] = s1, H[2] = s2, H[3] = s3;
        }
        for (; j <= i; j++) f->H[i * a + j] = dot(x, f->root + j * wide, wide);
        f->H[i * a + i] += f->alpha * f->unit_square[f->chosen[i]];
        for (j = 0; j < i; j++) f->H[j * a + i] = f->H[i * a + j];
    }
}

/* Sweeps over the coefficients until none comes to zero or leaves it; whether there was such a sweep. */
WIDE static int swept(Fit *f) {
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        int changed = 0;
        for (Py_ssize_t i = 0; i < f->a; i++) {
            double curve = f->H[i * f->a + i], l1 = f->alpha * f->unit_l1[f->chosen[i]], before = f->best[i];
            if (!(curve > 0.0)) continue;
            double there = curve * before - f->slope[i], now = fabs(there) > l1 ? (there - copysign(l1, there)) / curve : 0.0;
            if (now == before) continue;
            changed |= (now != 0.0) != (before != 0.0);
            f->best[i] = now;
            add(now - before, f->H + i * f->a, f->slope, f->a);
        }
        if (!changed) return 1;
    }
    return 0;
}

/* To the least point of the model among the coefficients that are not zero, or as far as their signs stay: 1, 0 where one did
 * not, and -1 where there is no factor. */
WIDE static int faced(Fit *f) {
    Py_ssize_t m = 0;
    for (Py_ssize_t i = 0; i < f->a; i++)
        if (f->best[i] != 0.0 || !(f->unit_l1[f->chosen[i]] > 0.0)) f->face[m++] = i;
    double *U = f->factor;
    for (Py_ssize_t i = 0; i < m; i++) {
        const double *H = f->H + f->face[i] * f->a;
        for (Py_ssize_t j = i; j < m; j++) U[i * m + j] = H[f->face[j]];
        U[i * m + i] *= 1.0 + LIFT;
        double l1 = f->alpha * f->unit_l1[f->chosen[f->face[i]]];
        f->right[i] = -f->slope[f->face[i]] - (l1 > 0.0 ? copysign(l1, f->best[f->face[i]]) : 0.0);
    }
    for (Py_ssize_t k = 0; k < m; k++) { /* Uᵀ U, row by row, and the first of two solutions along with it */
        double *restrict row = U + k * m, pivot = row[k];
        if (!(pivot > 0.0)) return -1;
        double scale = 1.0 / sqrt(pivot);
        for (Py_ssize_t j = k; j < m; j++) row[j] *= scale;
        f->right[k] *= scale;
        for (Py_ssize_t i = k + 1; i < m; i++) {
            add(-row[i], row + i, U + i * m + i, m - i);
            f->right[i] -= row[i] * f->right[k];
        }
    }
    double t = 1.0;
    for (Py_ssize_t k = m - 1; k >= 0; k--) {
        f->step[k] = (f->right[k] - dot(U + k * m + k + 1, f->step + k + 1, m - k - 1)) / U[k * m + k];
        double here = f->best[f->face[k]];
        if (f->unit_l1[f->chosen[f->face[k]]] > 0.0 && here * f->step[k] < 0.0) t = fmin(t, -here / f->step[k]);
    }
    for (Py_ssize_t k = 0; k < m; k++) {
        double *here = f->best + f->face[k], there = *here + t * f->step[k];
        if (t < 1.0 && *here * f->step[k] < 0.0 && fabs(there) <= ALMOST * fabs(*here) && f->unit_l1[f->chosen[f->face[k]]] > 0.0)
            there = 0.0;
        add(there - *here, f->H + f->face[k] * f->a, f->slope, f->a);
        *here = there;
    }
    return t == 1.0;
}

/* The least point of the model with its kinks, or a point on the way to it; how much lower it promises to be. */
static double minimised(Fit *f) {
    for (Py_ssize_t i = 0; i < f->a; i++) {
        Py_ssize_t j = f->chosen[i];
        f->best[i] = f->W[j];
        f->slope[i] = f->pull[j] + f->alpha * f->unit_square[j] * f->W[j];
    }
    for (int round = 0; round < ROUNDS; round++) {
        int settled = swept(f), reached = faced(f), out = 0;
        for (Py_ssize_t i = 0; i < f->a && reached == 1; i++) {
            double l1 = f->alpha * f->unit_l1[f->chosen[i]];
            out |= f->best[i] == 0.0 && fabs(f->slope[i]) > (1.0 + ALMOST) * l1;
        }
        if ((reached == 1 && !out) || (reached < 0 && settled)) break;
    }
    double promised = 0.0;
    for (Py_ssize_t i = 0; i < f->a; i++) {
        Py_ssize_t j = f->chosen[i];
        double gradient = f->pull[j] + f->alpha * f->unit_square[j] * f->W[j], l1 = f->alpha * f->unit_l1[j];
        promised += gradient * (f->best[i] - f->W[j]) + l1 * (fabs(f->best[i]) - fabs(f->W[j]));
    }
    return promised;
}

/* To the optimum of a strength from W on, where the gap is a share `enough` of the value; steps, or -1. */
static int descended(Fit *f, double enough) {
    for (int steps = 0; steps < STEPS; steps++) {
        pulled(f);
        if (gap(f) <= enough * fabs(f->value)) return steps;
        f->a = 0;
        for (Py_ssize_t j = 0; j < f->q; j++)
            if (f->W[j] != 0.0 || !(fabs(f->pull[j]) <= f->alpha * f->unit_l1[j])) f->chosen[f->a++] = j;
        hessian(f);
        double promised = minimised(f), t = 1.0, value = 0.0;
        int trial = 0;
        for (; trial < TRIALS; trial++, t /= 2) {
            memcpy(f->step, f->W, f->q * sizeof(double));
            for (Py_ssize_t i = 0; i < f->a; i++) {
                double *w = f->step + f->chosen[i];
                *w = trial ? *w + t * (f->best[i] - *w) : f->best[i];
            }
            value = looked(f, f->step);
            if (value <= f->value + 1e-4 * t * promised + 1e-15 * fabs(f->value)) break;
        }
        if (trial == TRIALS || !(promised < 0.0)) return -1;
        memcpy(f->W, f->step, f->q * sizeof(double));
        f->value = value;
    }
    return -1;
}

/* The straight line through the last two optima, where signs stay; it is taken where it is lower. */
static void begun(Fit *f, const double *V, double before, double last) {
    double share = (f->alpha - last) / (last - before);
    for (Py_ssize_t j = 0; j < f->q && V; j++) {
        double there = f->W[j] + share * (f->W[j] - V[j]);
        f->step[j] = there * f->W[j] > 0.0 || !(f->unit_l1[j] > 0.0) ? there : 0.0;
    }
    double value = V ? looked(f, f->step) : INFINITY, here = looked(f, f->W);
    if (value < here) {
        memcpy(f->W, f->step, f->q * sizeof(double));
        looked(f, f->W);
    }
    f->value = fmin(value, here);
}

/* Room for `count` numbers, each array on a cache line of its own. */
static double *room(double **next, Py_ssize_t count) {
    double *found = *next;
    *next += (count + LANES - 1) / LANES * LANES;
    return found;
}

static Py_ssize_t followed(Fit *f, const double *alphas, Py_ssize_t S, double *optima, int64_t *steps, int extrapolate,
                           double enough) {
    Py_ssize_t n = f->n, q = f->q, s = 0;
    f->wide = (n + LANES - 1) / LANES * LANES;
    size_t size = 4 * f->wide + 6 * (q + LANES) + 2 * (q * q + LANES) + q * f->wide;
    double *memory = malloc((size + LANES) * sizeof(double)), *next = memory;
    Py_ssize_t *indices = malloc(2 * q * sizeof(Py_ssize_t));
    if (memory && indices) {
        next += (64 - (uintptr_t)memory % 64) % 64 / sizeof(double);
        f->eta = room(&next, n), f->losses = room(&next, n), f->residual = room(&next, n), f->curved = room(&next, n);
        f->W = room(&next, q), f->pull = room(&next, q), f->best = room(&next, q), f->slope = room(&next, q);
        f->step = room(&next, q), f->right = room(&next, q);
        f->H = room(&next, q * q), f->factor = room(&next, q * q), f->root = room(&next, q * f->wide);
        f->chosen = indices, f->face = indices + q;
        memcpy(f->W, optima + q, q * sizeof(double));
        for (; s < S; s++) { /* two optima lie before the first; to extrapolate from them they must differ */
            f->alpha = alphas[s + 2];
            begun(f, s > 0 || extrapolate ? optima + s * q : NULL, alphas[s], alphas[s + 1]);
            int taken = descended(f, enough);
            if (taken < 0) break;
            steps[s] = taken;
            memcpy(optima + (s + 2) * q, f->W, q * sizeof(double));
        }
    }
    free(memory);
    free(indices);
    return s;
}

PyObject *follow(PyObject *module, PyObject *const *args, Py_ssize_t count) {
    (void)module;
    if (count != 11) return PyErr_Format(PyExc_TypeError, "follow takes 9 arrays and 2 numbers");
    long extrapolate = PyLong_AsLong(args[9]);
    double enough = PyFloat_AsDouble(args[10]);
    if (PyErr_Occurred()) return NULL;
    Array arrays[9]; /* X, positive, weight, offset, unit_l1, unit_square, alphas, optima, steps */
    Py_ssize_t n = 0, q = 0, S = 0;
    for (int i = 0; i < 9; i++) {
        Py_ssize_t sizes[9] = {-1, -1, n, n, -1, q, -1, (S + 2) * q, S};
        if (!borrow(args[i], &arrays[i], i == 8 ? "q" : "d", sizes[i], i > 6)) {
            give_back(arrays, i);
            return NULL;
        }
        if (i == 1) n = arrays[1].size;
        if (i == 4) q = arrays[4].size;
        if (i == 6) S = arrays[6].size - 2;
        if (i == 6 && (S < 0 || arrays[0].size != n * q)) {
            give_back(arrays, i + 1);
            return PyErr_Format(PyExc_ValueError, "X needs a number for each of %zd columns and %zd rows", q, n);
        }
    }
    Fit fit = {.n = n,
               .q = q,
               .X = arrays[0].data,
               .positive = arrays[1].data,
               .weight = arrays[2].data,
               .offset = arrays[3].data,
               .unit_l1 = arrays[4].data,
               .unit_square = arrays[5].data};
    Py_ssize_t found;
    Py_BEGIN_ALLOW_THREADS
    found = followed(&fit, arrays[6].data, S, arrays[7].data, arrays[8].data, (int)extrapolate, enough);
    Py_END_ALLOW_THREADS
    give_back(arrays, 9);
    return PyLong_FromSsize_t(found);
}
