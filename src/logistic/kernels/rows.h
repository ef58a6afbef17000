/* Rows that lie one behind the other in memory, and few classes. */

enum {
    ROWS = 4,     /* at once, times */
    CLASSES = 5,  /* so many classes: 20 sums, which fill the 32 registers of the widest processors */
    MOST = 20,    /* classes that are multiplied: BLAS is as fast for more */
    AHEAD = 2048, /* bytes of a stream that are asked for before they are needed */
};

typedef struct {
    const void *x;      /* (n, p) float or double */
    const void *coef;   /* (M, p) */
    const void *base;   /* (M,) */
    const void *center; /* (p,) or NULL */
    void *eta;          /* (M, n) */
    Py_ssize_t n, p, M;
    char stored, kind; /* of x, and of all others: 'f' or 'd' */
} Rows;

/* Finds eta; rows in double have coefficients in double, and where these are float there is no centre. */
void logits_of(const Rows *rows);
