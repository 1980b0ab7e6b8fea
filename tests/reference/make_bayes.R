# Makes tests/reference/bayes/posteriors.json: the normal-normal model with a uniform prior for mu, by Simpson's
# rule on a dense grid in log tau, for several priors of tau.  Nothing here is shared with the package.
#
#   Rscript tests/reference/make_bayes.R
suppressMessages(library(metafor))
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
CASES <- list(c("anand1999", "OR"), c("bcg", "RR"), c("bonett2010", "ABT"), c("cannon2006", "OR"), c("collins1985b", "OR"),
              c("curtis1998", "ROM"), c("damico2009", "OR"), c("edge_o_allevents", "OR"), c("edge_o_rare", "OR"),
              c("egger2001", "OR"), c("gibson2002", "SMD"), c("graves2010", "RR"), c("hine1989", "RD"),
              c("mcdaniel1994", "ZCOR"), c("nielweise2007", "OR"), c("nielweise2008", "IRR"), c("pritz1997", "PLO"),
              c("yusuf1985_t6", "OR"), c("crins2014", "OR"))
PRIORS <- list("half-normal(0.5)" = function(t) 2 * dnorm(t, 0, 0.5), "half-normal(1)" = function(t) 2 * dnorm(t),
               "half-cauchy(0.5)" = function(t) 2 * dcauchy(t, 0, 0.5), "half-t(4, 0.5)" = function(t) 4 * dt(t / 0.5, 4),
               "uniform(0, 4)" = function(t) dunif(t, 0, 4),
               "log-normal(-1.28, 0.87)" = function(t) dlnorm(t, -1.28, 0.87),
               "log-t(-1.72, 1.295, 5)" = function(t) dt((log(t) + 1.72) / 1.295, 5) / 1.295 / t)
NEEDS <- list(OR = c("ai", "bi", "ci", "di"), RR = c("ai", "bi", "ci", "di"), RD = c("ai", "bi", "ci", "di"),
              ROM = c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"), SMD = c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"),
              IRR = c("x1i", "t1i", "x2i", "t2i"), PLO = c("xi", "ni"), ZCOR = c("ri", "ni"), ABT = c("ai", "mi", "ni"))

effects <- function(name, measure) {
  file <- file.path(here, c("datasets", "bayes"), paste0(name, ".csv"))
  d <- read.csv(file[file.exists(file)][1])
  e <- do.call(escalc, c(list(measure = measure, drop00 = measure %in% c("OR", "RR")), as.list(d[NEEDS[[measure]]])))
  e <- e[is.finite(e$yi) & is.finite(e$vi), ]
  list(y = c(e$yi), v = c(e$vi))
}

posterior <- function(e, prior) {
  top <- if (prior(4.0001) == 0 && prior(3.9999) > 0) log(4) else 30  # the uniform prior ends at 4
  bottom <- if (prior(exp(-40)) > 1000) -600 else -40  # log-t falls as a power of log tau
  u <- seq(bottom, top, length.out = if (bottom < -40) 120001 else 24001)
  tau <- exp(u)
  w <- 1 / outer(tau^2, e$v, "+")
  total <- rowSums(w)
  mean <- as.vector(w %*% e$y) / total
  log_post <- 0.5 * rowSums(log(w)) - 0.5 * log(total) -
    0.5 * rowSums(w * (outer(-mean, e$y, "+"))^2) + log(prior(tau)) + u
  p <- exp(log_post - max(log_post[is.finite(log_post)]))
  p[!is.finite(p)] <- 0
  # distribution function of tau at the nodes: trapezoidal with the first Euler-Maclaurin correction
  slope <- c(0, diff(p, lag = 2) / 2, 0)
  cdf <- (cumsum(p) - p / 2 - slope / 12) / (sum(p) - p[1] / 2 - p[length(p)] / 2)
  p <- p * c(1, rep(c(4, 2), length.out = length(p) - 2), 1)  # Simpson's rule for everything else
  p <- p / sum(p)
  keep <- p > 1e-25
  list(tau = tau[keep], p = p[keep], below = cdf[keep], mean = mean[keep],
       sd = 1 / sqrt(total[keep]))
}

summaries <- function(e, prior) {
  q <- posterior(e, prior)
  at <- function(prob, sd) uniroot(function(x) sum(q$p * pnorm(x, q$mean, sd)) - prob, range(e$y) + c(-60, 60),
                                   tol = 1e-14, maxiter = 10000)$root
  new <- sqrt(q$sd^2 + q$tau^2)
  m <- sum(q$p * q$mean)
  tau_at <- function(prob) {
    near <- findInterval(prob, q$below) + -5:6
    near <- near[near >= 1 & near <= length(q$below)]
    exp(spline(q$below[near], log(q$tau[near]), xout = prob, method = "natural")$y)
  }
  list(mu_mean = m, mu_sd = sqrt(sum(q$p * (q$sd^2 + (q$mean - m)^2))), mu_median = at(0.5, q$sd),
       mu_low = at(0.025, q$sd), mu_high = at(0.975, q$sd), tau_mean = sum(q$p * q$tau), tau_median = tau_at(0.5),
       tau_low = tau_at(0.025), tau_high = tau_at(0.975), new_median = at(0.5, new), new_low = at(0.025, new),
       new_high = at(0.975, new), below_0 = sum(q$p * pnorm(0, q$mean, q$sd)))
}

json <- function(x) if (is.list(x)) paste0("{", paste0('"', names(x), '":', vapply(x, json, ""), collapse = ",\n"), "}") else
  if (is.character(x)) paste0('"', x, '"') else sprintf("%.15g", x)

out <- list(made_by = paste0("R ", getRversion(), ", metafor ", packageVersion("metafor")))
for (case in CASES) {
  e <- effects(case[1], case[2])
  out[[paste(case, collapse = " ")]] <- lapply(PRIORS, function(prior) summaries(e, prior))
}
writeLines(json(out), file.path(here, "bayes", "posteriors.json"))
