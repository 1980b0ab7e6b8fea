# Makes tests/reference/synthesis/*.json: what R metafor gives for every data set in tests/reference/datasets.
#
#   Rscript tests/reference/make_reference.R [name ...]      all data sets, or those named
#
# metafor's default stopping rules are absolute (1e-5 for ML, REML and EB, 1.2e-4 for PM and the Q-profile), so
# every fit here is made on standardised data (centred, divided by the square root of the median variance) with
# the tightest tolerance that converges, and put back on the scale of the data afterwards.  Likelihoods with two
# maxima are started at the better one, found by a coarse scan.

suppressMessages(library(metafor))
options(warn = -1)

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
MEASURES <- list("2x2" = c("RR", "OR", "RD"), cont = c("MD", "SMD", "SMDH", "ROM"), cor = c("COR", "UCOR", "ZCOR"),
                 rate = c("IRR", "IRD", "IRSD"), prop = c("PR", "PLN", "PLO", "PAS", "PFT"), gen = "GEN",
                 alpha = c("ARAW", "AHW", "ABT"))
PRIMARY <- c("2x2" = "OR", cont = "SMD", cor = "ZCOR", rate = "IRR", prop = "PLO", gen = "GEN", alpha = "ABT")
METHODS <- c("EE", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM")
TESTS <- c(wald = "z", t = "t", hksj = "knha", "hksj-floor" = "adhoc")
SUBGROUP <- c(bcg = "alloc", raudenbush1985 = "setting", hackshaw1998 = "design", damico2009 = "conceal",
              gibson2002 = "type", mcdaniel1994 = "struct", molloy2014 = "controls", pignon2000 = "grp",
              cannon2006 = "pop", hasselblad1998 = "comp", konstantopoulos2011 = "year")
THRESHOLDS <- c(1e-15, 1e-14, 1e-13, 1e-12)
TOO_BIG <- 1e7
AS_GOOD_AS_ZERO <- 1e-13  # of the median sampling variance

# ---- JSON -------------------------------------------------------------------------------------------------------
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x)) {
    if (!length(x)) return("{}")
    return(paste0("{", paste0('"', names(x), '":', vapply(x, json, ""), collapse = ","), "}"))
  }
  if (is.logical(x)) x <- as.numeric(x)
  cells <- if (is.character(x)) paste0('"', x, '"') else ifelse(is.finite(x), sprintf("%.17g", x), "null")
  if (!length(x)) return("null")
  if (length(x) == 1 && is.null(attr(x, "many"))) cells else paste0("[", paste(cells, collapse = ","), "]")
}
many <- function(x) { x <- as.vector(unname(x)); attr(x, "many") <- TRUE; x }

# ---- data -------------------------------------------------------------------------------------------------------
kind_of <- function(d) {
  n <- names(d)
  if ("m1i" %in% n) "cont" else if ("x1i" %in% n) "rate" else if ("ai" %in% n && "ci" %in% n) "2x2" else
    if ("ri" %in% n) "cor" else if ("xi" %in% n) "prop" else if ("yi" %in% n) "gen" else
    if (all(c("ai", "mi") %in% n)) "alpha" else NA
}
sizes <- function(d, kind) switch(kind, "2x2" = d$ai + d$bi + d$ci + d$di, cont = d$n1i + d$n2i, cor = d$ni, rate = d$t1i + d$t2i,
                                  prop = d$ni, alpha = d$ni, gen = rep(NA_real_, nrow(d)))
effects_of <- function(d, kind, measure) {
  if (kind == "gen") e <- data.frame(yi = d$yi, vi = d$vi) else {
    columns <- switch(kind, "2x2" = c("ai", "bi", "ci", "di"), cont = c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"),
                      cor = c("ri", "ni"), rate = c("x1i", "t1i", "x2i", "t2i"), prop = c("xi", "ni"), alpha = c("ai", "mi", "ni"))
    e <- do.call(escalc, c(list(measure = measure), as.list(d[columns])))
  }
  data.frame(row = seq_len(nrow(d)), yi = as.vector(e$yi), vi = as.vector(e$vi), ni = sizes(d, kind))
}

# ---- one fit, standardised ---------------------------------------------------------------------------------------
standardise <- function(e) {
  s <- 1 / sqrt(median(e$vi))
  list(y = (e$yi - median(e$yi)) * s, v = e$vi * s^2, s = s, centre = median(e$yi), n = e$ni)
}
loglik <- function(tau2, y, v, restricted) {
  w <- 1 / (v + tau2); mu <- sum(w * y) / sum(w)
  -0.5 * sum(log(v + tau2)) - 0.5 * sum(w * (y - mu)^2) - if (restricted) 0.5 * log(sum(w)) else 0
}
start_at <- function(method, z) {
  if (!method %in% c("ML", "REML") || length(z$y) < 2) return(NULL)
  grid <- c(0, 10^seq(-4, log10(max(10 * var(z$y), 1)), length.out = 200))
  best <- grid[which.max(vapply(grid, loglik, 0, z$y, z$v, method == "REML"))]
  max(best, 1e-8)
}
fit <- function(z, method, test = "z", mods = NULL, tau2 = NULL, weights = NULL, thresholds = THRESHOLDS) {
  for (threshold in thresholds) {
    control <- list(threshold = threshold, maxiter = 300, tol = 1e-15, tau2.max = TOO_BIG, evtol = 1e-30)
    control$tau2.init <- start_at(method, z)
    arguments <- list(yi = z$y, vi = z$v, method = method, test = test, control = control)
    if (!is.null(mods)) { arguments$mods <- mods; arguments$intercept <- FALSE }
    if (!is.null(tau2)) arguments$tau2 <- tau2
    if (!is.null(weights)) arguments$weights <- weights
    if (!any(is.na(z$n))) arguments$ni <- z$n
    result <- try(do.call(rma.uni, arguments), silent = TRUE)
    if (!inherits(result, "try-error")) return(result)
  }
  NULL
}
attempt <- function(expression) { r <- try(expression, silent = TRUE); if (inherits(r, "try-error")) NULL else r }

inference <- function(z, method, test, tau2) {
  r <- fit(z, method, test, tau2 = tau2)
  p <- attempt(predict(r))
  back <- function(x) z$centre + as.vector(x) / z$s
  list(se = as.vector(r$se) / z$s, p = as.vector(pt_or_norm(back(r$beta) / (r$se / z$s), r$ddf)),
       ci = many(back(c(r$ci.lb, r$ci.ub))),
       pi = if (method == "EE") NULL else many(back(c(p$pi.lb, p$pi.ub))))
}
pt_or_norm <- function(stat, df) 2 * if (length(df) && is.finite(df)) pt(-abs(stat), df) else pnorm(-abs(stat))

tau2_intervals <- function(r, z, method) {
  tight <- list(tol = 1e-15, maxiter = 20000, tau2.max = TOO_BIG)
  q <- attempt(confint(r, control = tight)$random)
  l <- if (method %in% c("ML", "REML")) attempt(confint(r, type = "PL", control = tight)$random)
  pair <- function(ci) if (is.null(ci)) NULL else many(ci["tau^2", c("ci.lb", "ci.ub")] / z$s^2)
  list(qp = pair(q), pl = pair(l))
}
pooled <- function(z, method) {
  r <- fit(z, method)
  if (is.null(r)) return(NULL)
  estimated <- r
  if (r$tau2 < AS_GOOD_AS_ZERO) r <- fit(z, method, tau2 = 0)  # where step halving ends when 0 is the solution
  out <- list(tau2 = r$tau2 / z$s^2, se_tau2 = if (length(r$se.tau2)) r$se.tau2 / z$s^2 else NULL, i2 = r$I2 / 100, h2 = r$H2,
              q = r$QE, q_p = r$QEp, estimate = z$centre + as.vector(r$beta) / z$s)
  if (method %in% c("EE", "REML")) out$weights <- many(weights(r) / 100)
  out$ci <- lapply(TESTS, function(test) inference(z, method, test, r$tau2))
  h <- if (method != "EE") attempt(predict(estimated, pi.type = "riley"))  # its df count tau2 only where it was estimated
  if (!is.null(h)) out$pi_hts <- many(z$centre + c(h$pi.lb, h$pi.ub) / z$s)
  if (method != "EE" && length(z$y) > 1) out$tau2_ci <- tau2_intervals(estimated, z, method)
  out
}

# ---- intervals metafor does not give for rma.uni, or gives elsewhere ------------------------------------------------
profile_mu <- function(z, level = 0.95) {
  ll <- function(mu, tau2) -0.5 * sum(log(z$v + tau2)) - 0.5 * sum((z$y - mu)^2 / (z$v + tau2))
  best <- function(mu) {
    grid <- c(0, 10^seq(-6, log10(max(100 * mean((z$y - mu)^2), 1)), length.out = 300))
    at <- which.max(vapply(grid, function(t) ll(mu, t), 0))
    lower <- grid[max(at - 1, 1)]; upper <- grid[min(at + 1, length(grid))]
    max(optimize(function(t) ll(mu, t), c(lower, upper), maximum = TRUE, tol = 1e-14)$objective, ll(mu, 0))
  }
  top <- fit(z, "ML"); mu <- as.vector(top$beta)
  drop <- function(m) 2 * (ll(mu, top$tau2) - best(m)) - qchisq(level, 1)
  step <- 4 * as.vector(top$se) + sd(z$y)
  low <- uniroot(drop, c(mu - step, mu), extendInt = "downX", tol = 1e-13)$root
  high <- uniroot(drop, c(mu, mu + step), extendInt = "upX", tol = 1e-13)$root
  many(z$centre + c(low, high) / z$s)
}
others <- function(z) {
  if (length(z$y) < 2) return(NULL)
  ivhet <- fit(z, "DL", weights = 1 / z$v)
  back <- function(x) many(z$centre + as.vector(x) / z$s)
  h <- attempt(hc(fit(z, "DL"), control = list(tol = 1e-12, maxiter = 10000)))
  genq <- function(w) fit(z, "GENQ", weights = w)$tau2 / z$s^2
  permuted <- if (length(z$y) <= 10) attempt(permutest(fit_uncentred(z), exact = TRUE, progbar = FALSE))
  list(ivhet = list(se = as.vector(ivhet$se) / z$s, ci = back(c(ivhet$ci.lb, ivhet$ci.ub))),
       hc = if (is.null(h)) NULL else list(ci = back(c(h$ci.lb, h$ci.ub)), se = h$se / z$s),
       pl = attempt(profile_mu(z)), genq_iv = genq(1 / z$v), genq_se = genq(1 / sqrt(z$v)),
       dl2 = genq(1 / (z$v + fit(z, "DL")$tau2)),
       permutation_p = if (is.null(permuted)) NULL else as.vector(permuted$pval))
}
fit_uncentred <- function(z) {
  fit(list(y = z$y + z$centre * z$s, v = z$v, n = z$n), "DL")
}

# ---- robustness ------------------------------------------------------------------------------------------------------
unscale <- function(x, z, columns, spread, squared) {
  x <- as.data.frame(x)[, , drop = FALSE]
  for (n in intersect(columns, names(x))) x[[n]] <- z$centre + x[[n]] / z$s
  for (n in intersect(spread, names(x))) x[[n]] <- x[[n]] / z$s
  for (n in intersect(squared, names(x))) x[[n]] <- x[[n]] / z$s^2
  lapply(x, many)
}
robust <- function(z, method) {  # the tightest threshold at which every fit without a study converges
  for (threshold in c(1e-14, 1e-13, 1e-12, 1e-11, 1e-10)) {
    out <- attempt(robust_at(z, method, threshold))
    if (!is.null(out) && !anyNA(out$leave_one_out$estimate) && !anyNA(out$influence$tau2.del)) return(out)
  }
  stop("leave-one-out does not converge")
}
robust_at <- function(z, method, threshold) {
  r <- fit(z, method, thresholds = threshold); t <- fit(z, method, "knha", thresholds = threshold)
  keep <- c("estimate", "se", "ci.lb", "ci.ub", "Q", "Qp", "tau2", "I2", "H2")
  on <- c("estimate", "ci.lb", "ci.ub")
  table_of <- function(x) unscale(unclass(x)[intersect(keep, names(unclass(x)))], z, on, "se", "tau2")
  by_precision <<- z$v
  inf <- unclass(influence(r)$inf)
  list(leave_one_out = table_of(leave1out(r)), leave_one_out_hksj = table_of(leave1out(t)),
       cumulative = table_of(cumul(r)), cumulative_precision = table_of(do.call(cumul, list(r, order = by_precision))),
       influence = unscale(inf[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat")], z, NULL, NULL, "tau2.del"))
}
asymmetry <- function(e, z, d, kind) {
  line <- function(model, predictor, method = "REML") {
    r <- attempt(regtest(fit(z, method), model = model, predictor = predictor))
    if (is.null(r)) return(NULL)
    list(stat = as.vector(r$zval), df = if (length(r$ddf)) as.vector(r$ddf) else NULL, p = as.vector(r$pval),
         limit = z$centre + r$est / z$s, limit_ci = if (length(r$ci.lb)) many(z$centre + c(r$ci.lb, r$ci.ub) / z$s) else NULL)
  }
  rank <- attempt(ranktest(e$yi, e$vi))
  out <- list(egger = line("lm", "sei"), rma_sei = line("rma", "sei"), rma_sei_dl = line("rma", "sei", "DL"),
              begg = if (is.null(rank)) NULL else list(tau = as.vector(rank$tau), p = as.vector(rank$pval)))
  if (kind == "2x2") out <- c(out, counts_tests(e, d[e$row, ]))
  if (kind == "cont") out$pustejovsky <- size_test(e, 1 / d$n1i[e$row] + 1 / d$n2i[e$row])
  if (kind == "prop") out$peters_one_arm <- peters_test(e$yi, d$xi[e$row], d$ni[e$row])
  out$trim_fill <- list()
  for (method in c("EE", "DL", "REML")) for (estimator in c("L0", "R0")) for (side in c("auto", "left", "right"))
    out$trim_fill[[paste(method, estimator, side, sep = "_")]] <- filled(z, method, estimator, side)
  out
}
coefficient <- function(m, row) { s <- summary(m)$coefficients[row, ]
  list(estimate = s[[1]], se = s[[2]], stat = s[[3]], df = m$df.residual, p = s[[4]]) }
counts_tests <- function(e, d) {
  d[c("ai", "bi", "ci", "di")] <- lapply(d[c("ai", "bi", "ci", "di")], as.double)  # whole numbers overflow
  events <- d$ai + d$ci; total <- d$ai + d$bi + d$ci + d$di; none <- total - events
  n1 <- d$ai + d$bi
  score <- d$ai - events * n1 / total
  information <- n1 * (total - n1) * events * none / (total^2 * (total - 1))
  score_rr <- (d$ai * total - n1 * events) / none
  information_rr <- n1 * (total - n1) * events / (total * none)
  list(peters = peters_test(e$yi, events, total), harbord = score_test(score, information),
       harbord_rr = score_test(score_rr, information_rr))
}
score_test <- function(z, v) {
  use <- is.finite(v) & v > 0
  y <- z[use] / sqrt(v[use]); x <- sqrt(v[use])
  coefficient(lm(y ~ x), 1)
}
peters_test <- function(y, events, total) coefficient(lm(y ~ I(1 / total), weights = events * (total - events) / total), 2)
size_test <- function(e, s) { x <- sqrt(s); w <- 1 / s; coefficient(lm(e$yi ~ x, weights = w), 2) }
filled <- function(z, method, estimator, side) {
  r <- fit(z, method)
  arguments <- list(r, estimator = estimator, maxiter = 1000)
  if (side != "auto") arguments$side <- side
  f <- NULL
  for (threshold in c(1e-13, 1e-12, 1e-11, 1e-10)) if (is.null(f)) {
    arguments$control <- list(threshold = threshold, maxiter = 300, evtol = 1e-30, tau2.max = TOO_BIG)
    f <- attempt(do.call(trimfill, arguments))
  }
  if (is.null(f)) return(NULL)
  list(k0 = f$k0, se_k0 = f$se.k0, p_k0 = if (length(f$p.k0)) f$p.k0 else NULL, side = f$side, estimate = z$centre + as.vector(f$beta) / z$s,
       se = as.vector(f$se) / z$s, tau2 = f$tau2 / z$s^2, yi = many(z$centre + f$yi[f$fill] / z$s), vi = many(f$vi[f$fill] / z$s^2))
}
subgroups <- function(e, z, by) {
  use <- !is.na(by); g <- factor(by[use]); z$y <- z$y[use]; z$v <- z$v[use]; z$n <- z$n[use]
  part <- function(label) { i <- g == label; list(y = z$y[i], v = z$v[i], n = z$n[i]) }
  own <- function(method) {
    fits <- lapply(levels(g), function(label) fit(part(label), if (sum(g == label) == 1) "EE" else method))
    b <- sapply(fits, function(r) r$beta); v <- sapply(fits, function(r) r$se^2); w <- 1 / v
    q <- sum(w * (b - sum(w * b) / sum(w))^2); df <- nlevels(g) - 1
    list(label = many(levels(g)), k = many(as.numeric(table(g))), estimate = many(z$centre + b / z$s), se = many(sqrt(v) / z$s),
         tau2 = many(sapply(fits, function(r) r$tau2) / z$s^2), q = q, df = df, p = pchisq(q, df, lower.tail = FALSE))
  }
  common <- function(method) {
    r <- fit(z, method, mods = model.matrix(~ g - 1))
    m <- anova(fit(z, method, mods = model.matrix(~ g), tau2 = r$tau2), btt = 2:nlevels(g))
    list(estimate = many(z$centre + as.vector(r$beta) / z$s), se = many(r$se / z$s), tau2 = r$tau2 / z$s^2, q = as.vector(m$QM),
         df = nlevels(g) - 1, p = as.vector(m$QMp))
  }
  list(own = lapply(c(EE = "EE", DL = "DL", REML = "REML"), own), common = lapply(c(DL = "DL", ML = "ML", REML = "REML"), common))
}

# ---- a data set -------------------------------------------------------------------------------------------------------
reference <- function(name) {
  d <- read.csv(file.path(here, "datasets", paste0(name, ".csv")))
  kind <- kind_of(d)
  if (is.na(kind)) return(NULL)
  one <- function(measure) {
    e <- effects_of(d, kind, measure)
    e <- e[is.finite(e$yi) & is.finite(e$vi) & e$vi > 0, ]
    z <- standardise(e)
    list(row = many(e$row), yi = many(e$yi), vi = many(e$vi), pool = Filter(Negate(is.null), sapply(METHODS, function(m) pooled(z, m), simplify = FALSE)),
         other = others(z))
  }
  out <- list(dataset = name, kind = kind, metafor = as.character(packageVersion("metafor")), R = R.version.string,
              primary = PRIMARY[[kind]], measures = sapply(MEASURES[[kind]], one, simplify = FALSE))
  e <- effects_of(d, kind, PRIMARY[[kind]]); e <- e[is.finite(e$yi) & is.finite(e$vi) & e$vi > 0, ]; z <- standardise(e)
  if (nrow(e) >= 3) {
    out$robust <- sapply(c("EE", "DL", "REML"), function(m) robust(z, m), simplify = FALSE)
    out$asymmetry <- asymmetry(e, z, d, kind)
  }
  if (name %in% names(SUBGROUP)) out$subgroup <- c(list(by = SUBGROUP[[name]]), subgroups(e, z, d[[SUBGROUP[[name]]]][e$row]))
  out
}

wanted <- commandArgs(TRUE)
if (!length(wanted)) wanted <- sub("\\.csv$", "", sort(list.files(file.path(here, "datasets"), "\\.csv$")))
dir.create(file.path(here, "synthesis"), showWarnings = FALSE)
for (name in wanted) {
  result <- reference(name)
  if (!is.null(result)) writeLines(json(result), file.path(here, "synthesis", paste0(name, ".json")))
  cat(name, "\n")
}
