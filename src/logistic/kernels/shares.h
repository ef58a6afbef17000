/* Probabilities in numbers of one kind: predict.c includes this once for float and once for double, behind strip.h. */

/* z (M, CHUNK), of which `count` columns count, becomes probabilities: for M = 1 those of two classes. */
INLINE void KIND(softmax)(NUMBER *restrict z, Py_ssize_t M, Py_ssize_t count) {
    if (M == 1) {
#pragma omp simd
        for (Py_ssize_t t = 0; t < count; t++) {
            NUMBER x = z[t], small = KIND(share)(x > 0 ? -x : x), lower = small / (1 + small), upper = 1 / (1 + small);
            z[CHUNK + t] = x > 0 ? upper : lower;
            z[t] = x > 0 ? lower : upper;
        }
        return;
    }
    NUMBER top[CHUNK], total[CHUNK] = {0};
    memcpy(top, z, sizeof top);
    for (Py_ssize_t c = 1; c < M; c++)
        for (Py_ssize_t t = 0; t < count; t++) top[t] = z[c * CHUNK + t] > top[t] ? z[c * CHUNK + t] : top[t];
    for (Py_ssize_t c = 0; c < M; c++)
#pragma omp simd
        for (Py_ssize_t t = 0; t < count; t++) total[t] += z[c * CHUNK + t] = KIND(share)(z[c * CHUNK + t] - top[t]);
    for (Py_ssize_t c = 0; c < M; c++)
        for (Py_ssize_t t = 0; t < count; t++) z[c * CHUNK + t] /= total[t];
}

/* The probabilities (n, K) of logits (n, M), wherever these lie. */
WIDE static void KIND(shares)(const Py_buffer *eta, const Py_buffer *found) {
    NUMBER z[WIDEST * CHUNK];
    Py_ssize_t n = eta->shape[0], M = eta->shape[1], K = found->shape[1], along = eta->strides[0], across = eta->strides[1];
    for (Py_ssize_t i = 0; i < n; i += CHUNK) {
        Py_ssize_t count = n - i < CHUNK ? n - i : CHUNK;
        for (Py_ssize_t c = 0; c < M; c++) {
            const char *from = (const char *)eta->buf + i * along + c * across;
            for (Py_ssize_t t = 0; t < count; t++) z[c * CHUNK + t] = *(const NUMBER *)(from + t * along);
        }
        KIND(softmax)(z, M, count);
        for (Py_ssize_t k = 0; k < K; k++)
            for (Py_ssize_t t = 0; t < count; t++) ((NUMBER *)found->buf)[(i + t) * K + k] = z[k * CHUNK + t];
    }
}

WIDE static int KIND(finite)(const NUMBER *numbers, Py_ssize_t count) {
    int bad = 0;
#pragma omp simd reduction(| : bad)
    for (Py_ssize_t i = 0; i < count; i++) bad |= !(fabs((double)numbers[i]) <= DBL_MAX);
    return !bad;
}
