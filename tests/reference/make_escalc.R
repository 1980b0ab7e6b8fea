# Makes tests/reference/escalc/*.json: what escalc() of R metafor gives for every measure that metareview shares with it.
#
#   Rscript tests/reference/make_escalc.R
#
# Data sets are those of tests/reference/datasets (from the metadat package; edge_* are made up) and of
# tests/reference/escalc/datasets (one arm of those, and before-after trials of Morris 2008, regressions of Aloe 2013).
# Numbers are printed with 17 digits, so that an unchanged reference is an unchanged file.

suppressMessages(library(metafor))
options(warn = -1)

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)))
TABLE <- c("ai", "n1i", "ci", "n2i")
KINDS <- list(
  table = list(needs = TABLE,
               measures = c("RR", "OR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "PBIT", "OR2DN", "OR2DL"),
               vtypes = list(PHI = c("ST", "CS")), zeros = c("RR", "OR", "RD", "PETO", "YUQ", "AS")),
  means = list(needs = c("m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i"),
               measures = c("MD", "SMD", "SMDH", "ROM", "CVR", "VR", "RPB", "RBIS", "D2ORN", "D2ORL"),
               vtypes = list(MD = c("LS", "HO"), SMD = c("LS", "LS2", "UB"), ROM = c("LS", "HO", "AV"))),
  change = list(needs = c("m1i", "m2i", "sd1i", "sd2i", "ri", "ni"), measures = c("MC", "SMCC", "SMCR")),
  proportion = list(needs = c("xi", "ni"), measures = c("PR", "PLN", "PLO", "PAS", "PFT"),
                    vtypes = list(PR = c("LS", "AV")), zeros = c("PR", "PLN", "PLO", "PAS", "PFT")),
  mean = list(needs = c("mi", "sdi", "ni"), measures = c("MN", "MNLN")),
  rate = list(needs = c("xi", "ti"), measures = c("IR", "IRLN", "IRS", "IRFT"), zeros = c("IR", "IRLN", "IRS")),
  rates = list(needs = c("x1i", "t1i", "x2i", "t2i"), measures = c("IRR", "IRD", "IRSD"), zeros = c("IRR", "IRD")),
  correlation = list(needs = c("ri", "ni"), measures = c("COR", "UCOR", "ZCOR"),
                     vtypes = list(COR = c("LS", "AV"), UCOR = c("LS", "UB"))),
  partial = list(needs = c("ti", "mi", "ni"), measures = c("PCOR", "ZPCOR"), vtypes = list(ZPCOR = "LS")),
  reliability = list(needs = c("ai", "mi", "ni"), measures = c("ARAW", "AHW", "ABT"))
)
ORDER <- c("change", "table", "means", "rates", "rate", "partial", "proportion", "mean", "correlation", "reliability")

kind_of <- function(d) {
  for (kind in ORDER) if (all(KINDS[[kind]]$needs %in% names(d))) return(kind)
  NULL
}

numbers <- function(x) {
  x <- as.vector(unname(x))
  paste0("[", paste(ifelse(is.finite(x), sprintf("%.17g", x), "null"), collapse = ","), "]")
}

one <- function(d, kind, measure, ...) {
  arguments <- c(list(measure = measure), d[KINDS[[kind]]$needs], list(...))
  e <- tryCatch(do.call(escalc, arguments), error = function(x) NULL)
  if (is.null(e)) return(NULL)
  options <- list(...)
  key <- paste(c(measure, sprintf("%s=%s", names(options), unlist(options))), collapse = " ")
  sprintf('"%s":{"yi":%s,"vi":%s}', key, numbers(e$yi), numbers(e$vi))
}

has_zero <- function(d, kind) {
  switch(kind, table = any(d$ai == 0 | d$ci == 0 | d$ai == d$n1i | d$ci == d$n2i),
         proportion = any(d$xi == 0 | d$xi == d$ni), rate = any(d$xi == 0), rates = any(d$x1i == 0 | d$x2i == 0), FALSE)
}

grid <- function(d, kind) {
  spec <- KINDS[[kind]]
  cells <- lapply(spec$measures, function(m) one(d, kind, m))
  for (m in names(spec$vtypes)) cells <- c(cells, lapply(spec$vtypes[[m]], function(v) one(d, kind, m, vtype = v)))
  if (!is.null(spec$zeros) && has_zero(d, kind)) for (m in spec$zeros) {
    cells <- c(cells, lapply(c("all", "only0", "if0all", "none"), function(to) one(d, kind, m, add = 0.5, to = to)),
               list(one(d, kind, m, add = 0.25, to = "only0")),
               if (kind %in% c("table", "rates")) list(one(d, kind, m, add = 0.5, to = "only0", drop00 = TRUE)))
  }
  Filter(Negate(is.null), cells)
}

for (path in c(Sys.glob(file.path(here, "datasets", "*.csv")), Sys.glob(file.path(here, "escalc", "datasets", "*.csv")))) {
  d <- read.csv(path)
  kind <- kind_of(d)
  if (is.null(kind)) next
  body <- paste(grid(d, kind), collapse = ",\n")
  head <- sprintf('"made_with":"R %s, metafor %s",\n"kind":"%s"', getRversion(), packageVersion("metafor"), kind)
  target <- file.path(here, "escalc", sub("csv$", "json", basename(path)))
  writeLines(sprintf("{%s,\n\"escalc\":{\n%s}}", head, body), target)
}
