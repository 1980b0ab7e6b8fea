"""Reading PubMed XML beside Bio.Entrez, in time and memory: ``python -m benchmarks.parse``.

The records are generated, about as large as PubMed's with their lists of references (20 KiB each).
"""

from __future__ import annotations

import argparse
import io
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAD = """<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN"
 "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">
<PubmedArticleSet>
"""
REFERENCE = """<Reference><Citation>Name A, Other B. A cited work. J Gen Med. 2001;1(2):3-9.</Citation>
<ArticleIdList><ArticleId IdType="pubmed">{n}</ArticleId><ArticleId IdType="doi">10.5555/c.{n}</ArticleId>
</ArticleIdList></Reference>"""
AUTHOR = """<Author ValidYN="Y"><LastName>Name{n}</LastName><ForeName>Given</ForeName><Initials>G</Initials>
<AffiliationInfo><Affiliation>Department of Imagined Medicine, University of Nowhere.</Affiliation>
</AffiliationInfo></Author>"""
HEADING = """<MeshHeading><DescriptorName UI="D{n:06d}" MajorTopicYN="N">Heading {n}</DescriptorName>
</MeshHeading>"""
ARTICLE = """<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{n}</PMID>
<DateRevised><Year>2024</Year><Month>01</Month><Day>05</Day></DateRevised>
<Article PubModel="Print"><Journal>
<ISSN IssnType="Print">1234-5678</ISSN><JournalIssue CitedMedium="Print"><Volume>5</Volume><Issue>2</Issue>
<PubDate><Year>2020</Year><Month>Mar</Month></PubDate></JournalIssue>
<Title>Journal of Generated Medicine</Title>
<ISOAbbreviation>J Gen Med</ISOAbbreviation></Journal>
<ArticleTitle>A trial of cells, number {n}.</ArticleTitle>
<Pagination><MedlinePgn>101-9</MedlinePgn></Pagination><Abstract>
<AbstractText Label="BACKGROUND">{text}</AbstractText>
<AbstractText Label="RESULTS">{text}</AbstractText></Abstract>
<AuthorList CompleteYN="Y">{authors}</AuthorList><Language>eng</Language><PublicationTypeList>
<PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList></Article>
<MedlineJournalInfo><Country>Nowhere</Country><MedlineTA>J Gen Med</MedlineTA></MedlineJournalInfo>
<MeshHeadingList>{mesh}</MeshHeadingList></MedlineCitation><PubmedData>
<PublicationStatus>ppublish</PublicationStatus><ArticleIdList><ArticleId IdType="pubmed">{n}</ArticleId>
<ArticleId IdType="doi">10.5555/x.{n}</ArticleId></ArticleIdList><ReferenceList>{cited}</ReferenceList>
</PubmedData></PubmedArticle>
"""
TEXT = "Mesenchymal stromal cells were given to patients with steroid-refractory disease. " * 6


def article(n: int, references: int) -> str:
    """Make one record in the shape of PubMed's DTD."""
    authors = "".join(AUTHOR.format(n=a) for a in range(7))
    mesh = "".join(HEADING.format(n=m) for m in range(12))
    cited = "".join(REFERENCE.format(n=n + r) for r in range(references))
    return ARTICLE.format(n=n, text=TEXT, authors=authors, mesh=mesh, cited=cited)


def make_file(path: Path, records: int, references: int = 60) -> None:
    """Write a file of generated records."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for n in range(1, records + 1):
            file.write(article(20_000_000 + n, references))
        file.write("</PubmedArticleSet>\n")


def ours(path: Path) -> int:
    """Read a file with metareview, every field of every record."""
    from metareview.search.formats.pubmed_xml import read_pubmed_xml

    with path.open("rb") as stream:
        return sum(entry.record is not None for entry in read_pubmed_xml(stream, str(path)))


def theirs(path: Path) -> int:
    """Read a file with Bio.Entrez, as its manual says."""
    from Bio import Entrez

    return len(Entrez.read(io.BytesIO(path.read_bytes()))["PubmedArticle"])


def measured(reader: str, path: Path) -> tuple[float, float, float]:
    """Run a reader in a process of its own: seconds of processor, wall seconds, MiB at the peak."""
    words = [sys.executable, "-m", "benchmarks.parse", "--read", reader, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    cpu, wall, memory = map(float, done.stdout.split())
    return cpu, wall, memory


def read_once(reader: str, path: Path) -> None:
    """Read a file in this process and print what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    {"ours": ours, "theirs": theirs}[reader](path)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(cpu, wall, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Print the comparison, then ours on larger and larger files; the last column is memory at the peak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", nargs=2, metavar=("READER", "FILE"))
    parser.add_argument(
        "--largest", type=int, default=1024, help="MiB of the largest file (default: a gibibyte)"
    )
    given = parser.parse_args()
    if given.read:
        read_once(given.read[0], Path(given.read[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.xml"
        make_file(path, 2_000)
        size = path.stat().st_size / 2**20
        rows = {name: min(measured(name, path) for _ in range(3)) for name in ("ours", "theirs")}
        for name, (cpu, wall, memory) in rows.items():
            print(f"{name:7} {size:5.0f} MiB: {cpu:6.2f} s processor, {wall:6.2f} s, {memory:5.0f} MiB")
        print(f"ratio of processor time: {rows['theirs'][0] / rows['ours'][0]:.1f}")
        for target in (64, 256, given.largest):
            make_file(path, int(2_000 * target / size))
            cpu, wall, memory = measured("ours", path)
            print(f"ours    {target:5} MiB: {cpu:6.2f} s processor, {wall:6.2f} s, {memory:5.0f} MiB")


if __name__ == "__main__":
    main()
