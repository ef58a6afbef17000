/* The passes of joint.c for one width of vectors: included once for each. A tile is some rows, one column after another. */

#define PASTE(name, lanes) name##_##lanes
#define NAMED(name, lanes) PASTE(name, lanes)
#define OWN(name) NAMED(name, LANES)
#define VECTOR OWN(vector)
#define STRIDE (ACROSS * LANES) /* rows of a tile are padded to a multiple of this */

typedef double VECTOR __attribute__((vector_size(8 * LANES)));

/* eta (sets, rows) = W (sets, q) tile (q, rows); sets are padded to a multiple of DOWN. */
TARGET static void OWN(logits)(const double *tile, const double *W, double *eta, Py_ssize_t rows, Py_ssize_t q, Py_ssize_t sets) {
    for (Py_ssize_t r = 0; r < rows; r += STRIDE) {
        for (Py_ssize_t s = 0; s < sets; s += DOWN) {
            VECTOR sum[DOWN][ACROSS] = {{{0}}}, x[ACROSS];
            const double *w = W + s * q;
            for (Py_ssize_t j = 0; j < q; j++) {
#pragma GCC unroll 8
                for (int a = 0; a < ACROSS; a++) x[a] = *(const VECTOR *)(tile + j * rows + r + a * LANES);
#pragma GCC unroll 8
                for (int d = 0; d < DOWN; d++)
#pragma GCC unroll 8
                    for (int a = 0; a < ACROSS; a++) sum[d][a] += x[a] * w[d * q + j];
            }
#pragma GCC unroll 8
            for (int d = 0; d < DOWN; d++)
#pragma GCC unroll 8
                for (int a = 0; a < ACROSS; a++) *(VECTOR *)(eta + (s + d) * rows + r + a * LANES) = sum[d][a];
        }
    }
}

/* Adds left (sets, rows) tileᵀ (rows, q) to `sums`, in which each number is still spread over the lanes of a vector; sets are
   padded to a multiple of DOWN and columns to one of ACROSS. Blocks wholly above the diagonal are left out where `half`. */
TARGET static void OWN(products)(const double *left, const double *tile, double *sums, Py_ssize_t rows, Py_ssize_t q,
                                 Py_ssize_t sets, int half) {
    VECTOR *at = (VECTOR *)sums;
    for (Py_ssize_t j = 0; j < q; j += ACROSS) {
        for (Py_ssize_t s = 0; s < sets; s += DOWN, at += DOWN * ACROSS) {
            if (half && s + DOWN <= j) continue;
            VECTOR sum[DOWN][ACROSS], x[ACROSS];
#pragma GCC unroll 8
            for (int d = 0; d < DOWN; d++)
#pragma GCC unroll 8
                for (int a = 0; a < ACROSS; a++) sum[d][a] = at[d * ACROSS + a];
            for (Py_ssize_t r = 0; r < rows; r += LANES) {
#pragma GCC unroll 8
                for (int a = 0; a < ACROSS; a++) x[a] = *(const VECTOR *)(tile + (j + a) * rows + r);
#pragma GCC unroll 8
                for (int d = 0; d < DOWN; d++) {
                    VECTOR y = *(const VECTOR *)(left + (s + d) * rows + r);
#pragma GCC unroll 8
                    for (int a = 0; a < ACROSS; a++) sum[d][a] += x[a] * y;
                }
            }
#pragma GCC unroll 8
            for (int d = 0; d < DOWN; d++)
#pragma GCC unroll 8
                for (int a = 0; a < ACROSS; a++) at[d * ACROSS + a] = sum[d][a];
        }
    }
}

/* Logits (sets, rows) become probabilities of the other class, and losses beside them if there is room for these. */
TARGET static void OWN(margins)(double *eta, double *losses, const double *sign, const double *offset, Py_ssize_t rows,
                                Py_ssize_t sets) {
    for (Py_ssize_t s = 0; s < sets; s++, eta += rows) {
        if (losses) {
#pragma omp simd
            for (Py_ssize_t i = 0; i < rows; i++) {
                double margin = sign[i] * (eta[i] + offset[i]), small = exp_of_negative(-fabs(margin));
                double inverse = 1.0 / (1.0 + small);
                losses[s * rows + i] = (margin < 0.0 ? -margin : 0.0) + log1p_of_share(small, inverse);
                eta[i] = (margin > 0.0 ? small : 1.0) * inverse;
            }
        } else {
#pragma omp simd
            for (Py_ssize_t i = 0; i < rows; i++) {
                double margin = sign[i] * (eta[i] + offset[i]), small = exp_of_negative(-fabs(margin));
                eta[i] = (margin > 0.0 ? small : 1.0) / (1.0 + small);
            }
        }
    }
}

/* Weighted residuals (rows,) of one set; adds the weighted sums of its losses and of p (1 - p). */
TARGET static void OWN(weighed)(const double *away, const double *losses, const double *sign, const double *weight,
                                double *residual, double *sums, Py_ssize_t rows) {
    double loss = 0.0, spread = 0.0;
    if (losses) {
#pragma omp simd reduction(+ : loss, spread)
        for (Py_ssize_t i = 0; i < rows; i++) {
            double weighted = weight[i] * away[i];
            loss += weight[i] * losses[i];
            spread += weighted * (1.0 - away[i]);
            residual[i] = -sign[i] * weighted;
        }
    } else {
#pragma omp simd
        for (Py_ssize_t i = 0; i < rows; i++) residual[i] = -sign[i] * (weight[i] * away[i]);
    }
    sums[0] += loss, sums[1] += spread;
}

TARGET static double OWN(dot)(const double *a, const double *b, Py_ssize_t rows) {
    double sum = 0.0;
#pragma omp simd reduction(+ : sum)
    for (Py_ssize_t i = 0; i < rows; i++) sum += a[i] * b[i];
    return sum;
}

/* The tile with each row multiplied by weight p (1 - p), from its logit. */
TARGET static void OWN(curved)(const double *tile, const double *eta, const double *offset, const double *weight, double *curvature,
                               double *left, Py_ssize_t rows, Py_ssize_t q) {
#pragma omp simd
    for (Py_ssize_t i = 0; i < rows; i++) {
        double small = exp_of_negative(-fabs(eta[i] + offset[i])), total = 1.0 + small;
        curvature[i] = weight[i] * (small / total / total);
    }
    for (Py_ssize_t j = 0; j < q; j++) {
#pragma omp simd
        for (Py_ssize_t i = 0; i < rows; i++) left[j * rows + i] = tile[j * rows + i] * curvature[i];
    }
}

static const Passes OWN(passes) = {LANES, ACROSS, OWN(logits), OWN(products), OWN(margins), OWN(weighed), OWN(dot), OWN(curved)};

#undef VECTOR
#undef STRIDE
#undef LANES
#undef ACROSS
#undef TARGET
