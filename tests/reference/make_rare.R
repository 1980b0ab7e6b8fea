# Makes tests/reference/rare/*.json: Mantel-Haenszel, Peto and mixed logistic models by R metafor.
#
#   Rscript tests/reference/make_rare.R [name ...]           all data sets below, or those named
#
# `ll` is what rma.glmm prints.  For models fitted by lme4 with more than one quadrature point that number mixes the
# saturated likelihood with lme4's conditional deviance; `ll_marginal` is the marginal log-likelihood itself, the
# saturated one plus lme4's (which leaves the constants out).
suppressMessages(library(metafor))
options(warn = -1)
here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
TWO_ARMS <- c("anand1999", "bcg", "cannon2006", "collins1985b", "damico2009", "edge_o_allevents", "edge_o_rare", "egger2001",
              "graves2010", "hasselblad1998", "hine1989", "nielweise2007", "viechtbauer2021", "yusuf1985_t6")
# rma.glmm's exact conditional model needs the R package BiasedUrn; without it cm_el.json is left as it is.  It takes
# minutes for larger tables, and does not converge for yusuf1985_t6
CM_EL <- c("collins1985b", "damico2009", "edge_o_allevents", "edge_o_rare", "hine1989", "nielweise2007", "viechtbauer2021")

json <- function(x) {
  if (is.null(x) || !length(x)) return("null")
  if (is.list(x)) return(paste0("{", paste0('"', names(x), '":', vapply(x, json, ""), collapse = ","), "}"))
  if (is.character(x)) return(paste0('"', x, '"'))
  ifelse(is.finite(x), sprintf("%.17g", x), "null")
}

mh <- function(f) lapply(list(b = f$b, se = f$se, QE = f$QE, QEp = f$QEp, cmh = f$MH, breslow_day = f$BD, tarone = f$TA,
                              k_pos = f$k.pos), c)

glmm <- function(method, model, ...) {
  f <- try(suppressMessages(rma.glmm(..., model = model, method = method)), silent = TRUE)
  if (inherits(f, "try-error")) return(NULL)
  out <- list(b = c(f$b), se = c(f$se), tau2 = f$tau2, q_lrt = f$QE.LRT, q_wald = f$QE.Wld, ll = c(logLik(f)))
  if (method == "ML" && model %in% c("UM.FS", "CM.AL", "PLO")) {
    g <- suppressMessages(rma.glmm(..., model = model, method = method, outlist = "ml=res.ML,sat=res.QE"))
    if (inherits(g$ml, "glmerMod")) out$ll_marginal <- c(logLik(g$ml)) + c(logLik(g$sat))
  }
  out
}

models <- function(codes, ...) {
  out <- list()
  for (model in codes) for (method in c("ML", "EE")) out[[paste0(model, "_", method)]] <- glmm(method, model, ...)
  out
}

two_arms <- function(name) {
  d <- read.csv(file.path(here, "datasets", paste0(name, ".csv")), check.names = FALSE)
  d <- d[stats::complete.cases(d[c("ai", "n1i", "ci", "n2i")]), ]
  arms <- function(f, ...) f(ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i, ...)
  peto <- arms(rma.peto)
  list(mh = list(OR = mh(arms(rma.mh, measure = "OR", correct = FALSE)), RR = mh(arms(rma.mh, measure = "RR")),
                 RD = mh(arms(rma.mh, measure = "RD"))),
       peto = list(b = c(peto$b), se = peto$se, QE = peto$QE, QEp = peto$QEp),
       glmm = models(c("UM.FS", "UM.RS", "CM.AL"), measure = "OR", ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i))
}

rates <- function(name) {
  d <- read.csv(file.path(here, "datasets", paste0(name, ".csv")))
  arms <- function(f, ...) f(x1i = d$x1i, t1i = d$t1i, x2i = d$x2i, t2i = d$t2i, ...)
  list(mh = list(IRR = mh(arms(rma.mh, measure = "IRR", correct = FALSE)), IRD = mh(arms(rma.mh, measure = "IRD"))),
       glmm = models(c("UM.FS", "UM.RS", "CM.EL"), measure = "IRR", x1i = d$x1i, t1i = d$t1i, x2i = d$x2i, t2i = d$t2i))
}

proportions <- function(name) {
  d <- read.csv(file.path(here, "datasets", paste0(name, ".csv")))
  out <- list()
  for (method in c("ML", "EE")) {
    f <- rma.glmm(measure = "PLO", xi = d$xi, ni = d$ni, method = method)
    out[[paste0("PLO_", method)]] <- list(b = c(f$b), se = c(f$se), tau2 = f$tau2, q_lrt = f$QE.LRT, q_wald = f$QE.Wld)
  }
  list(glmm = out)
}

wanted <- commandArgs(TRUE)
for (name in c(TWO_ARMS, "nielweise2008", "pritz1997")) {
  if (length(wanted) && !name %in% wanted) next
  made <- switch(name, nielweise2008 = rates(name), pritz1997 = proportions(name), two_arms(name))
  out <- paste0('{"metafor":"', packageVersion("metafor"), '","R":"', getRversion(), '",', substring(json(made), 2))
  writeLines(out, file.path(here, "rare", paste0(name, ".json")))
  cat(name, "\n")
}

if (requireNamespace("BiasedUrn", quietly = TRUE) && !length(wanted)) {
  made <- lapply(setNames(CM_EL, CM_EL), function(name) {
    d <- read.csv(file.path(here, "datasets", paste0(name, ".csv")))
    models("CM.EL", measure = "OR", ai = d$ai, n1i = d$n1i, ci = d$ci, n2i = d$n2i)
  })
  made <- c(list(made_by = paste("rma.glmm of metafor", packageVersion("metafor"), "with BiasedUrn")), made)
  writeLines(json(made), file.path(here, "rare", "cm_el.json"))
}
