"""Which rows a fit follows, and which it does not: leverage, residuals, Cook's distance; and columns that explain each other.

Sources: Pregibon 1981, Annals of Statistics 9 (leverage and one-step deletion in logistic regression); Williams 1987, Applied
Statistics 36 (the same for generalised linear models); Cook and Weisberg 1982, "Residuals and Influence in Regression"; Lesaffre
and Albert 1989, Applied Statistics 38 (more than two classes).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import EPS
from ..encoding import counted
from ..errors import InputError
from ..outcome import Status
from ..sources import ArraySource
from .delta import quadratic
from .estimates import why_none
from .record import Record, named, texts
from .rows import Chunk, Rows, rows_of

MOST_COLUMNS = 10_000  # whose triangle takes 800 MB
ALONE = 1e-10  # 1 less a leverage that is 1 but for rounding
SAME = 1e-8  # relative difference of log-likelihoods of the same rows


def influence(model: Any, X: Any, y: Any, sample_weight: Any = None, *, freq_weights: Any = None, offset: Any = None) -> Record:
    """Of each row the fitted probability, residuals, leverage and Cook's distance.

    Everything is of one observation: a row that stands for several (``freq_weights``) has the numbers of any one of them.

    Parameters
    ----------
    model : Model or fitted LogisticRegression
    X : (n, p) array, sparse matrix or data frame
        As a rule the rows of the fit.
    y : (n,) labels, or (n, K) distributions
        Shares of grouped data are distributions; their group sizes are ``sample_weight`` then.
    sample_weight : (n,), optional
        As in the fit, with class weights multiplied in where there were any.
    freq_weights : (n,) whole numbers, optional
        As in the fit.
    offset : (n,) or (n, M), optional
        As in the fit.

    Returns
    -------
    Record
        Its ``table`` holds arrays (n,), by column:

        ``fitted`` : probability of the second class; for more than two classes ``fitted_LABEL`` for each.

        ``pearson`` : (y - p) / sqrt(p (1 - p) / w). For more than two classes the root of sum over the classes of w (y - p)² / p,
        which is its absolute value for two.

        ``deviance`` : root of the row's part of the deviance, 2 w times its loss above that of a perfect fit; with the sign of
        y - p for two classes, without one for more.

        ``leverage`` : diagonal of V^½ Z (Z' V Z)⁻¹ Z' V^½, V the weights times the curvature of the loss; for more than two classes
        the trace of the block of the row. Over the rows of a fit it sums to the number of free coefficients.

        ``std_pearson``, ``std_deviance`` : for two classes, the residuals over sqrt(1 - leverage), which have about unit variance.
        More classes have several residuals a row, and no one such number.

        ``cooks_distance`` : change of all logits if the row were left out, by one Newton step, in units of the information, over
        the number of free coefficients. For two classes std_pearson² leverage / (1 - leverage) / df, as R's ``cooks.distance`` of a
        glm and statsmodels' ``GLMInfluence`` have it; for more its generalisation by Lesaffre and Albert.

        What does not exist is NaN, and ``notes`` say why: leverage and all that follows from it is defined for fits without a
        penalty only.

    Raises
    ------
    InputError
        Naming the argument, row or column that cannot be used.
    """
    rows = rows_of(model, X, y, sample_weight, offset, labelled=True, freq_weights=freq_weights)
    K, n = len(rows.model.classes), rows.count
    S, df, note = _bread(rows)
    fitted = np.empty((n, K))
    pearson, deviance, leverage, distance = np.full((4, n), math.nan)
    for chunk in rows.chunks(rows.model.coef.shape[0] ** 2):
        t, part = targets(rows, chunk), chunk.part
        fitted[part] = chunk.p
        pearson[part], deviance[part] = _residuals(rows, chunk, t)
        if S is not None:
            leverage[part], distance[part] = _deletion(chunk, t, S, df)
    table = {"fitted": fitted[:, 1]} if K == 2 else {f"fitted_{label}": fitted[:, k] for k, label in enumerate(rows.model.classes)}
    table |= {"pearson": pearson, "deviance": deviance, "leverage": leverage}
    if K == 2:
        with np.errstate(invalid="ignore"):
            root = np.sqrt(np.where(1 - leverage > ALONE, 1 - leverage, math.nan))
            table |= {"std_pearson": pearson / root, "std_deviance": deviance / root}
    alone = int((leverage > 1 - ALONE).sum())
    if alone and not note:
        note = f"{alone:,} row{'s' * (alone != 1)} of leverage 1 alone determine a coefficient: without them it has no estimate"
    title = f"Residuals and influence of {n:,} row{'s' * (n != 1)}"
    return Record((title,), table | {"cooks_distance": distance}, (note,) if note else ())


def targets(rows: Rows, chunk: Chunk) -> np.ndarray:
    """(r, K): 1 for the label of a row, or its distribution."""
    assert rows.y is not None
    codes = rows.y[chunk.part]
    return np.asarray(codes if codes.ndim == 2 else np.eye(len(rows.model.classes))[codes])


def _residuals(rows: Rows, chunk: Chunk, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(r,) Pearson's and the deviance residual, from losses that know all digits."""
    assert rows.y is not None
    values, residual = rows.model.loss.evaluate(chunk.eta, rows.y[chunk.part])
    with np.errstate(divide="ignore", invalid="ignore"):
        least = -np.where(t > 0, t * np.log(np.where(t > 0, t, 1)), 0).sum(axis=1)
        deviance = np.sqrt(2 * chunk.weight * np.maximum(values - least, 0))
        if residual.shape[1] == 1:
            away = -np.asarray(residual)[:, 0]
            pearson = np.sqrt(chunk.weight) * away / np.sqrt(chunk.p[:, 0] * chunk.p[:, 1])
            return np.where(away == 0, 0.0, pearson), np.sign(away) * deviance
        pearson = np.sqrt(chunk.weight * (np.asarray(residual) ** 2 / chunk.p).sum(axis=1))
    return pearson, deviance


def _deletion(chunk: Chunk, t: np.ndarray, S: np.ndarray, df: int) -> tuple[np.ndarray, np.ndarray]:
    """(r,) leverage and Cook's distance."""
    M = len(S)
    square = quadratic(chunk.Z, S)
    V = chunk.weight[:, None, None] * chunk.curvature
    residual = chunk.weight[:, None] * (t - chunk.p)[:, -M:]
    share = V @ square
    leverage, distance = np.einsum("rkk->r", share), np.full(len(share), math.nan)
    left = 1 - (share[:, 0, 0] if M == 1 else np.linalg.eigvals(share).real.max(axis=1))
    sure = np.isfinite(left) & (left > ALONE)  # without the others nothing is known of what they determine alone
    gone = np.linalg.solve(np.eye(M) - share[sure], residual[sure][:, :, None])[..., 0]
    distance[sure] = np.einsum("rk,rkm,rm->r", gone, square[sure], gone) / (df or math.nan)
    return leverage, distance


def _bread(rows: Rows) -> tuple[np.ndarray | None, int, str]:
    """Inverse information (M, q, M, q), free coefficients, and a note where there is none.

    That of the fit where it is known. A robust covariance does not tell it; then it is formed of the rows, if they are those of the
    fit, which their log-likelihood tells.
    """
    model, statistics = rows.model, rows.model.statistics
    status, M = model.certificate.status, len(model.coef)
    q = model.coef.shape[1] + model.fit_intercept
    missing = "no leverage, and nothing that follows from it"
    if model.penalty.alpha > 0:
        return None, 0, f"{missing}: it is defined for fits without a penalty, and this one has {model.penalty}; fit with C=inf"
    if statistics is None or not (status.certified or status is Status.RANK_DEFICIENT):
        return None, 0, f"{missing}: {why_none(model)}"
    if statistics.kind == "observed" and statistics.covariance is not None:
        return np.asarray(statistics.covariance).reshape(M, q, M, q), statistics.df, ""
    H, value = _information(rows)
    if abs(value - statistics.log_likelihood) > SAME * abs(statistics.log_likelihood):
        return None, 0, f"{missing}: these are not the rows and weights of the fit; fit with covariance='observed' for others"
    root = np.diag(H) ** 0.5
    root = np.where(root > 0, root, 1.0)
    values, vectors = np.linalg.eigh(H / root[:, None] / root)
    kept = vectors[:, -statistics.df :] / root[:, None]
    return ((kept / values[-statistics.df :]) @ kept.T).reshape(M, q, M, q), statistics.df, ""


def _information(rows: Rows) -> tuple[np.ndarray, float]:
    """(M q, M q) information of the rows, and their log-likelihood."""
    M, assumed = len(rows.model.coef), rows.y
    assert assumed is not None
    q = rows.model.coef.shape[1] + rows.model.fit_intercept
    H, value = np.zeros((M, q, M, q)), 0.0
    for chunk in rows.chunks(M * M):
        weight = chunk.weight * rows.frequency[chunk.part]
        V = weight[:, None, None] * chunk.curvature
        losses, _ = rows.model.loss.evaluate(chunk.eta, assumed[chunk.part])
        value -= float(weight @ losses)
        for k in range(M):
            for m in range(k, M):
                H[k, :, m] += chunk.Z.T @ (V[:, k, m, None] * chunk.Z)
    for k in range(M):
        for m in range(k):
            H[k, :, m] = H[m, :, k].T
    return H.reshape(M * q, M * q), value


def vif(X: Any, sample_weight: Any = None) -> Record:
    """Variance inflation factors: how much larger the variance of each coefficient is because other columns explain its column.

    That is 1 / (1 - R²) of the linear regression of the column on all others and an intercept (Marquardt 1970, Technometrics 12),
    so X has no column of ones. Above 5 or 10 a column is often called collinear; errors already count it, so it excuses no
    dropping of columns that belong into the model.

    Parameters
    ----------
    X : (n, p) array, sparse matrix or data frame
    sample_weight : (n,), optional

    Returns
    -------
    Record
        ``table`` has columns ``term`` and ``vif``: inf for a column that is a combination of others, NaN for a constant one, which
        is a combination of the intercept; the notes name them.

    Raises
    ------
    InputError
        Naming the argument, row or column that cannot be used.
    """
    source = ArraySource(X, None, sample_weight)
    p = source.shape[1]
    if p > MOST_COLUMNS:
        raise InputError(
            f"X has {p:,} columns, and their variance inflation needs as many numbers squared; pass {MOST_COLUMNS:,} at most"
        )
    names = list(source.features or (f"x{j}" for j in range(p)))
    triangle, size = _triangle(source)
    n = source.shape[0]
    norms = np.sqrt((triangle**2).sum(axis=0))
    rounding = float(np.finfo(source.X.dtype).eps) if source.X.dtype.kind == "f" else EPS
    constant = norms <= max(n, p) ** 0.5 * EPS * size
    kept = np.flatnonzero(~constant)
    found = np.full(p, math.nan)
    if len(kept):
        _, s, Vt = np.linalg.svd(triangle[:, kept] / norms[kept], full_matrices=False)
        # what rounding of the numbers as stored makes of a column, relative to its spread, is no spread either
        floor = s[0] * EPS * max(n, p) + 4 * rounding * (size[kept] / norms[kept]).max()
        null = s <= floor
        aliased = (abs(Vt[null]) > np.sqrt(floor)).any(axis=0)
        found[kept] = np.where(aliased, math.inf, ((Vt[~null] / s[~null, None]) ** 2).sum(axis=0))
    notes = []
    if constant.any():
        notes.append(f"constant, so that nothing can be said of them: {named([names[j] for j in np.flatnonzero(constant)])}")
    if np.isinf(found).any():
        notes.append(f"combinations of other columns: {named([names[j] for j in np.flatnonzero(np.isinf(found))])}")
    return Record((f"Variance inflation of {p:,} columns",), {"term": texts(names), "vif": found}, tuple(notes))


def _triangle(source: ArraySource) -> tuple[np.ndarray, np.ndarray]:
    """(p, p) R of a QR decomposition of the centred columns times the roots of the weights, and root sums of squares of X (p,)."""
    p, total, first = source.shape[1], 0.0, None
    mean, square = np.zeros((2, p))
    for X, weight in _blocks(source):
        first = X[0] if first is None else first
        total += weight.sum()
        mean += weight @ (X - first)
        square += weight @ X**2
    if first is None:
        raise InputError("no row has a positive weight; at least one of sample_weight must be above zero")
    mean = first + mean / total
    R = np.zeros((p, p))
    for X, weight in _blocks(source):
        R = np.asarray(np.linalg.qr(np.vstack([R, np.sqrt(weight)[:, None] * (X - mean)]), mode="r"))
    return R, np.sqrt(square)


def _blocks(source: ArraySource) -> Any:
    """Rows of positive weight, dense, and their weights."""
    for raw in source.blocks(max(2**19 // max(source.shape[1], 1), 4 * source.shape[1], 16)):
        kept = counted(raw)
        X = np.asarray(kept.X.toarray() if hasattr(kept.X, "toarray") else kept.X, dtype=np.float64)
        if len(X):
            yield X, np.ones(len(X)) if kept.weight is None else kept.weight
