"""Japanese search that finds: the index is split into words by Janome, and so is the reader's query.

Sphinx splits the text of the pages but not the query, so 自然言語処理 finds nothing although 自然, 言語 and
処理 are in the index. The script below splits the query against the words of the index, longest first.
"""

from sphinx.application import Sphinx
from sphinx.search.ja import SearchJapanese

SPLIT_QUERY = r"""
function splitQuery(query) {
  const known = new Set(Object.keys(Search._index.terms).concat(Object.keys(Search._index.titleterms)));
  const japanese = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}ー]+/gu;
  const words = [];
  for (const part of query.split(/[^\p{Letter}\p{Number}_]+/gu).filter((word) => word)) {
    let end = 0;
    for (const run of part.matchAll(japanese)) {
      if (run.index > end) words.push(part.slice(end, run.index));
      words.push(...splitJapanese(run[0], known));
      end = run.index + run[0].length;
    }
    if (end < part.length) words.push(part.slice(end));
  }
  return words;
}

// The longest word of the index at each place; single characters between words (particles) are left out.
function splitJapanese(text, known) {
  const words = [];
  let unknown = "";
  for (let start = 0; start < text.length; ) {
    let length = text.length - start;
    while (length > 1 && !known.has(text.slice(start, start + length))) length -= 1;
    if (length > 1) {
      if (unknown.length > 1) words.push(unknown);
      unknown = "";
      words.push(text.slice(start, start + length));
    } else {
      unknown += text[start];
    }
    start += length;
  }
  if (unknown.length > 1 || words.length === 0) words.push(unknown);
  return words;
}
"""


class JapaneseSearch(SearchJapanese):
    """Sphinx's Japanese search with a splitter for the query."""

    js_splitter_code = SPLIT_QUERY

    def init(self, options: dict[str, str]) -> None:
        super().init({"type": "sphinx.search.ja.JanomeSplitter", **options})


def setup(app: Sphinx) -> None:
    app.add_search_language(JapaneseSearch)
