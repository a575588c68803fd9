// From words, and runs of words, to the columns of a matrix.
//
// Invariant: a word or run is found if, and only if, it was given; tables are never full.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hashing.hpp"
#include "texts.hpp"

namespace jocas {

// Distinct texts, numbered as they were added.
class WordTable {
 public:
  // Room for n texts.
  explicit WordTable(std::size_t n_words = 0);

  // The number of a text, which is added where it is new.
  std::int32_t add(std::string_view word);

  // A text with what it is looked up by.
  struct Query {
    std::string_view word;
    Head head;
    std::uint64_t hash;
  };

  static Query ask(std::string_view word) {
    const Head head = load_head(word);
    return {word, head, hash_text(word, head)};
  }

  // The same for a word in a buffer with padding.
  static Query ask_padded(std::string_view word) {
    const Head head = load_padded_head(word);
    return {word, head, hash_text(word, head)};
  }

  // The number of a text, -1 where it is not there.
  std::int32_t find(const Query& query) const {
    for (std::size_t place = query.hash & mask_;; place = (place + 1) & mask_) {
      const Slot& slot = slots_[place];
      if (slot.number < 0 || is_word(slot, query)) return slot.number;
    }
  }

  // To look up many texts at once: first this for all, then `find`.
  void prefetch_slot(const Query& query) const { prefetch(&slots_[query.hash & mask_]); }

  std::size_t size() const { return n_words_; }

 private:
  struct Slot {
    Head head;
    std::uint32_t start = 0, size = 0;
    std::int32_t number = -1;
  };

  bool is_word(const Slot& slot, const Query& query) const {
    return slot.head == query.head && slot.size == query.word.size() &&
           (slot.size <= kPadding || word_at(slot) == query.word);
  }

  std::string_view word_at(const Slot& slot) const {
    return {bytes_.data() + slot.start, slot.size};
  }

  void put(std::uint64_t hash, const Slot& slot);

  std::vector<Slot> slots_;
  std::size_t mask_ = 0, n_words_ = 0;
  std::string bytes_;
};

// Runs of words. A run of n is a node: its first n - 1 words' node, and its last word. The nodes
// of single words are the words' numbers.
class Vocabulary {
 public:
  static constexpr std::int32_t kNone = -1;

  // What one thread needs to find runs.
  struct Scratch {
    // Two words that may begin a run, to be looked up once their place is at hand.
    struct Pair {
      std::uint64_t hash;
      std::size_t start;
    };
    std::vector<WordTable::Query> queries;
    std::vector<std::int32_t> words;
    std::vector<Pair> pairs;
    std::vector<std::int32_t> columns;  // what was found last
  };

  // Runs of words parted by single spaces, in the order of their columns.
  explicit Vocabulary(const TextColumn& runs);

  std::size_t size() const { return n_columns_; }

  // Find the columns of all runs, of min_n to max_n words, in the words that `scratch.queries`
  // asks for: each as often as it occurs, in no special order.
  void find_runs(std::size_t min_n, std::size_t max_n, Scratch& scratch) const;

 private:
  // One more word after a run.
  struct Edge {
    std::uint64_t key = 0;
    std::int32_t child = kNone;  // none where there is no edge
    std::int32_t column = kNone;
  };

  static std::uint64_t key_of(std::int32_t node, std::int32_t word) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(node)) << 32 |
           static_cast<std::uint32_t>(word);
  }

  static std::uint64_t spread(std::uint64_t key) {
    return mix(key ^ kFirstFactor, kSecondFactor);
  }

  bool passes(std::uint64_t hash) const {
    return (filter_[(hash >> 40) & filter_mask_] >> (hash >> 34 & 63) & 1) != 0;
  }

  // The edge of a key, or the free place where it would be.
  const Edge& find_edge(std::uint64_t key, std::uint64_t hash) const {
    std::size_t place = hash & edge_mask_;
    while (edges_[place].key != key && edges_[place].child >= 0) place = (place + 1) & edge_mask_;
    return edges_[place];
  }

  const Edge& find_edge(const Scratch::Pair& pair, const Scratch& scratch) const {
    return find_edge(key_of(scratch.words[pair.start], scratch.words[pair.start + 1]), pair.hash);
  }

  void find_words(Scratch& scratch) const;
  void find_pairs(std::size_t max_n, Scratch& scratch) const;
  void find_longer(const Scratch::Pair& pair, std::size_t min_n, std::size_t max_n,
                   Scratch& scratch) const;
  void add_run(const std::vector<std::int32_t>& words, std::int32_t column);
  std::size_t add_edge(std::int32_t node, std::int32_t word);
  void resize_edges(std::size_t n_slots);

  WordTable words_;
  std::vector<std::int32_t> word_columns_;  // of each word alone, kNone for none
  std::size_t n_columns_ = 0;
  std::int32_t n_nodes_ = 0;
  std::vector<Edge> edges_;
  std::size_t edge_mask_ = 0, n_edges_ = 0;
  std::vector<std::uint64_t> filter_;
  std::size_t filter_mask_ = 0;
};

}  // namespace jocas
