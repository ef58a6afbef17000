/* Softmax cross-entropy of logits (classes, rows): losses, residuals and probabilities of a band of rows.

   The formulas are those of loss.py: what rounding takes from a difference or a sum is carried along, so that small residuals
   keep their relative accuracy. All classes of a few rows are in the nearest cache while they are worked on. */

enum { BAND = 64 };

typedef struct {
    double top[BAND], rest[BAND], rest_lost[BAND], total[BAND], total_lost[BAND];
    int64_t leading[BAND];
} Sums; /* of each row: the largest logit, sums of exp(logit - largest) without that class and with it, and which it is */

INLINE void two_sum(double a, double b, double *sum, double *lost) {
    double s = a + b, back = s - a;
    *sum = s;
    *lost = (a - (s - back)) + (b - back);
}

/* log(u + lost) for u >= 1. */
INLINE double log_of_sum(double u, double lost) {
    uint64_t bits;
    memcpy(&bits, &u, sizeof bits);
    int32_t power = (int32_t)(bits >> 52) - 1023;
    bits = (bits & 0xFFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL;
    double m;
    memcpy(&m, &bits, sizeof m);
    int upper = m > 1.4142135623730951;
    double f = (upper ? 0.5 * m : m) - 1.0, n = (double)(power + upper);
    return fma(n, 6.93147180369123816490e-01, fma(n, 1.90821492927058770002e-10, log1p_without_head(f) + lost / u) + f);
}

/* exp(z - top) and what was lost, (classes, BAND) each, and their sums. Other differences than zero are below it. */
INLINE void exponentials(const double *z, Py_ssize_t n, Py_ssize_t classes, Py_ssize_t rows, double *e, double *lost, Sums *sums) {
    for (Py_ssize_t i = 0; i < rows; i++) sums->top[i] = z[i], sums->leading[i] = 0, sums->rest[i] = sums->rest_lost[i] = 0.0;
    for (Py_ssize_t k = 1; k < classes; k++)
#pragma omp simd
        for (Py_ssize_t i = 0; i < rows; i++) {
            int ahead = z[k * n + i] > sums->top[i];
            sums->top[i] = ahead ? z[k * n + i] : sums->top[i];
            sums->leading[i] = ahead ? k : sums->leading[i];
        }
    for (Py_ssize_t k = 0; k < classes; k++)
#pragma omp simd
        for (Py_ssize_t i = 0; i < rows; i++) {
            double apart, cut, sum, error;
            two_sum(z[k * n + i], -sums->top[i], &apart, &cut);
            double value = exp_of_negative(apart), rest = sums->leading[i] == k ? 0.0 : value;
            e[k * BAND + i] = value;
            lost[k * BAND + i] = value * cut;
            two_sum(sums->rest[i], rest, &sum, &error);
            sums->rest[i] = sum;
            sums->rest_lost[i] += error + value * cut;
        }
#pragma omp simd
    for (Py_ssize_t i = 0; i < rows; i++) {
        double error, value = sums->rest[i] + sums->rest_lost[i];
        sums->rest_lost[i] -= value - sums->rest[i];
        sums->rest[i] = value;
        two_sum(1.0, value, &sums->total[i], &error);
        sums->total_lost[i] = error + sums->rest_lost[i];
    }
}

INLINE double ratio(double value, double lost, double total, double total_lost) {
    double rough = value / total;
    return rough + (lost - rough * total_lost) / total;
}

/* Probabilities of a band of rows; its exponentials, what was lost of them, and their sums are left to the caller. */
INLINE void shares(const double *z, Py_ssize_t n, Py_ssize_t classes, Py_ssize_t rows, double *e, double *lost, Sums *sums,
                   double *p) {
    exponentials(z, n, classes, rows, e, lost, sums);
    for (Py_ssize_t k = 0; k < classes; k++)
#pragma omp simd
        for (Py_ssize_t i = 0; i < rows; i++)
            p[k * n + i] = ratio(e[k * BAND + i], lost[k * BAND + i], sums->total[i], sums->total_lost[i]);
}

/* Losses (rows,) and residuals (classes, rows) of a band; arrays by class are n apart, and the space is (2, classes, BAND). */
INLINE void band_losses(const double *z, const int64_t *y, Py_ssize_t n, Py_ssize_t classes, Py_ssize_t rows, double *losses,
                        double *residual, double *space) {
    double *e = space, *lost = space + classes * BAND;
    Sums sums;
    shares(z, n, classes, rows, e, lost, &sums, residual);
#pragma omp simd
    for (Py_ssize_t i = 0; i < rows; i++) losses[i] = log_of_sum(sums.total[i], sums.total_lost[i]);
    for (Py_ssize_t i = 0; i < rows; i++) { /* p - 1 is the sum of the others: no cancellation */
        Py_ssize_t own = y[i], at = own * BAND + i;
        double others = sums.rest[i], others_lost = sums.rest_lost[i], error;
        if (sums.leading[i] != own) {
            two_sum(others, -e[at], &others, &error);
            others_lost = error + (others_lost - lost[at]);
            two_sum(1.0, others, &others, &error);
            others_lost += error;
        }
        residual[own * n + i] = -ratio(others, others_lost, sums.total[i], sums.total_lost[i]);
        losses[i] += sums.top[i] - z[own * n + i];
    }
}

/* Whether each of the codes (n,) is one of the classes. */
INLINE int known_codes(const int64_t *y, Py_ssize_t n, Py_ssize_t classes) {
    int known = 1;
    for (Py_ssize_t i = 0; i < n; i++) known &= y[i] >= 0 && y[i] < classes;
    return known;
}
