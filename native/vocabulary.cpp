#include "vocabulary.hpp"

#include <stdexcept>
#include <utility>

namespace jocas {

WordTable::WordTable(std::size_t n_words)
    : slots_(round_up_to_power(2 * n_words)), mask_(slots_.size() - 1) {
  words_.reserve(n_words);
}

std::int32_t WordTable::add(std::string_view word) {
  const Query query = ask(word);
  const std::int32_t known = find(query);
  if (known >= 0) return known;
  if (bytes_.size() + word.size() > UINT32_MAX || size() >= INT32_MAX) {
    throw std::length_error("a vocabulary may hold 4 GB of words at most");
  }
  Word added;
  added.head = query.head;
  added.start = static_cast<std::uint32_t>(bytes_.size());
  added.size = static_cast<std::uint32_t>(word.size());
  bytes_.append(word);
  words_.push_back(added);
  if (2 * size() > slots_.size()) {
    slots_.assign(2 * slots_.size(), Slot{});
    mask_ = slots_.size() - 1;
    for (std::size_t n = 0; n + 1 < size(); ++n) {
      put(hash_text(word_at(words_[n])), static_cast<std::int32_t>(n));
    }
  }
  put(query.hash, static_cast<std::int32_t>(size() - 1));
  return static_cast<std::int32_t>(size() - 1);
}

void WordTable::put(std::uint64_t hash, std::int32_t number) {
  std::size_t place = hash & mask_;
  while (slots_[place].number >= 0) place = (place + 1) & mask_;
  slots_[place] = {tag_of(hash), number};
}

Vocabulary::Vocabulary(const TextColumn& runs) : words_(runs.size()), n_columns_(runs.size()) {
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
  n_nodes_ = static_cast<std::int32_t>(words_.size());
  grow_edges(16);
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

void Vocabulary::add_run(const std::vector<std::int32_t>& words, std::int32_t column) {
  WordTable::Word& first = words_.words_[WordTable::index(words.front())];
  std::int32_t* place = &first.column;
  bool* extends = &first.extends;
  std::int32_t node = words.front();
  for (std::size_t n = 1; n < words.size(); ++n) {
    *extends = true;  // before an edge is added, which may move the others
    Edge& edge = edges_[add_edge(node, words[n])];
    node = edge.child;
    place = &edge.column;
    extends = &edge.extends;
  }
  if (*place != kNone) throw std::invalid_argument("a run of words is there twice");
  *place = column;
}

std::size_t Vocabulary::add_edge(std::int32_t node, std::int32_t word) {
  if (2 * (n_edges_ + 1) > edges_.size()) grow_edges(2 * edges_.size());
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

void Vocabulary::grow_edges(std::size_t n_slots) {
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
