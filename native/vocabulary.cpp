#include "vocabulary.hpp"

#include <stdexcept>
#include <utility>

namespace jocas {

WordTable::WordTable(std::size_t n_words)
    : slots_(round_up_to_power(2 * n_words)), mask_(slots_.size() - 1) {}

std::int32_t WordTable::add(std::string_view word) {
  const Query query = ask(word);
  const std::int32_t known = find(query);
  if (known >= 0) return known;
  if (bytes_.size() + word.size() > UINT32_MAX || size() >= INT32_MAX) {
    throw std::length_error("a vocabulary may hold 4 GB of words at most");
  }
  if (2 * (size() + 1) > slots_.size()) {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.number >= 0) put(hash_text(word_at(slot)), slot);
    }
  }
  const auto number = static_cast<std::int32_t>(n_words_++);
  put(query.hash, {query.head, static_cast<std::uint32_t>(bytes_.size()),
                   static_cast<std::uint32_t>(word.size()), number});
  bytes_.append(word);
  return number;
}

void WordTable::put(std::uint64_t hash, const Slot& slot) {
  std::size_t place = hash & mask_;
  while (slots_[place].number >= 0) place = (place + 1) & mask_;
  slots_[place] = slot;
}

Vocabulary::Vocabulary(const TextColumn& runs) : n_columns_(runs.size()) {
  if (runs.size() > INT32_MAX) throw std::length_error("too many columns");
  std::vector<std::vector<std::int32_t>> split(runs.size());
  for (std::size_t column = 0; column < runs.size(); ++column) {
    const std::string_view run = runs[column];
    for (std::size_t start = 0; start <= run.size();) {
      const std::size_t end = std::min(run.find(' ', start), run.size());
      split[column].push_back(words_.add(run.substr(start, end - start)));
      start = end + 1;
    }
  }
  word_columns_.assign(words_.size(), kNone);
  n_nodes_ = static_cast<std::int32_t>(words_.size());
  resize_edges(16);
  for (std::size_t column = 0; column < runs.size(); ++column) {
    add_run(split[column], static_cast<std::int32_t>(column));
  }
  filter_.assign(round_up_to_power(n_edges_ / 4), 0);
  filter_mask_ = filter_.size() - 1;
  for (const Edge& edge : edges_) {
    if (edge.child < 0) continue;
    const std::uint64_t hash = spread(edge.key);
    filter_[(hash >> 40) & filter_mask_] |= std::uint64_t{1} << (hash >> 34 & 63);
  }
}

void Vocabulary::find_runs(std::size_t min_n, std::size_t max_n, Scratch& scratch) const {
  std::vector<std::int32_t>& columns = scratch.columns;
  columns.clear();
  if (scratch.queries.empty() || words_.size() == 0) return;
  find_words(scratch);
  find_pairs(max_n, scratch);
  // Columns are written in any case, and stay where there is one: a branch would often be guessed
  // wrong.
  columns.resize(scratch.words.size() + scratch.pairs.size());
  std::size_t n_found = 0;
  const auto put = [&](std::int32_t column, bool is_asked) {
    columns[n_found] = column;
    n_found += is_asked & (column >= 0);
  };
  for (const std::int32_t number : scratch.words) {
    put(word_columns_[static_cast<std::size_t>(std::max(number, 0))], number >= 0 && min_n <= 1);
  }
  for (const Scratch::Pair& pair : scratch.pairs) put(find_edge(pair, scratch).column, min_n <= 2);
  columns.resize(n_found);
  if (max_n <= 2) return;
  for (const Scratch::Pair& pair : scratch.pairs) find_longer(pair, min_n, max_n, scratch);
}

// Find the runs of three words and more that begin with a pair.
void Vocabulary::find_longer(const Scratch::Pair& pair, std::size_t min_n, std::size_t max_n,
                             Scratch& scratch) const {
  const Edge* edge = &find_edge(pair, scratch);
  for (std::size_t n = 3; n <= max_n && pair.start + n <= scratch.words.size(); ++n) {
    const std::int32_t next = scratch.words[pair.start + n - 1];
    if (edge->child < 0 || next < 0) return;
    const std::uint64_t key = key_of(edge->child, next), hash = spread(key);
    if (!passes(hash)) return;
    edge = &find_edge(key, hash);
    if (n >= min_n && edge->column >= 0) scratch.columns.push_back(edge->column);
  }
}

void Vocabulary::find_words(Scratch& scratch) const {
  // In passes, so that the misses of the processor's cache overlap.
  for (const WordTable::Query& query : scratch.queries) words_.prefetch_slot(query);
  scratch.words.resize(scratch.queries.size());
  for (std::size_t i = 0; i < scratch.words.size(); ++i) {
    scratch.words[i] = words_.find(scratch.queries[i]);
  }
}

// Find where runs of two words or more may begin.
void Vocabulary::find_pairs(std::size_t max_n, Scratch& scratch) const {
  scratch.pairs.resize(max_n < 2 ? 0 : scratch.words.size());
  std::size_t n_pairs = 0;
  for (std::size_t i = 0; i + 1 < scratch.pairs.size(); ++i) {
    const std::int32_t number = scratch.words[i], next = scratch.words[i + 1];
    const std::uint64_t hash = spread(key_of(number, next));
    scratch.pairs[n_pairs] = {hash, i};
    // Most pairs of words are no run: one bit tells, without a look at the large table.
    n_pairs += (number >= 0) & (next >= 0) & passes(hash);
  }
  scratch.pairs.resize(n_pairs);
  for (const Scratch::Pair& pair : scratch.pairs) prefetch(&edges_[pair.hash & edge_mask_]);
}

void Vocabulary::add_run(const std::vector<std::int32_t>& words, std::int32_t column) {
  std::int32_t* place = &word_columns_[static_cast<std::size_t>(words.front())];
  std::int32_t node = words.front();
  for (std::size_t n = 1; n < words.size(); ++n) {
    Edge& edge = edges_[add_edge(node, words[n])];
    node = edge.child;
    place = &edge.column;
  }
  if (*place != kNone) throw std::invalid_argument("a run of words is there twice");
  *place = column;
}

std::size_t Vocabulary::add_edge(std::int32_t node, std::int32_t word) {
  if (2 * (n_edges_ + 1) > edges_.size()) resize_edges(2 * edges_.size());
  const std::uint64_t key = key_of(node, word);
  std::size_t place = spread(key) & edge_mask_;
  for (; edges_[place].child >= 0; place = (place + 1) & edge_mask_) {
    if (edges_[place].key == key) return place;
  }
  edges_[place].key = key;
  edges_[place].child = n_nodes_++;
  ++n_edges_;
  return place;
}

void Vocabulary::resize_edges(std::size_t n_slots) {
  std::vector<Edge> old(n_slots);
  old.swap(edges_);
  edge_mask_ = n_slots - 1;
  for (const Edge& edge : old) {
    if (edge.child < 0) continue;
    std::size_t place = spread(edge.key) & edge_mask_;
    while (edges_[place].child >= 0) place = (place + 1) & edge_mask_;
    edges_[place] = edge;
  }
}

}  // namespace jocas
