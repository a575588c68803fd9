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
      if (slot.number < 0) return -1;
      if (slot.tag == tag_of(query.hash) && is_word(slot.number, query)) return slot.number;
    }
  }

  // To look up many texts at once: first this for all, then that for all, then `find`.
  void prefetch_slot(const Query& query) const { prefetch(&slots_[query.hash & mask_]); }
  void prefetch_word(const Query& query) const {
    const Slot& slot = slots_[query.hash & mask_];
    if (slot.number >= 0 && slot.tag == tag_of(query.hash)) prefetch(&words_[index(slot.number)]);
  }

  std::size_t size() const { return words_.size(); }

  static std::size_t index(std::int32_t number) { return static_cast<std::size_t>(number); }

 private:
  friend class Vocabulary;

  struct Slot {
    std::uint32_t tag = 0;
    std::int32_t number = -1;
  };
  struct Word {
    Head head;
    std::uint32_t start = 0, size = 0;
    std::int32_t column = -1;  // a vocabulary's, -1 for none
    bool extends = false;      // whether longer runs begin with it
  };

  static std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

  bool is_word(std::int32_t number, const Query& query) const {
    const Word& word = words_[index(number)];
    return word.head == query.head && word.size == query.word.size() &&
           (word.size <= kPadding || word_at(word) == query.word);
  }

  std::string_view word_at(const Word& word) const { return {bytes_.data() + word.start, word.size}; }

  void put(std::uint64_t hash, std::int32_t number);

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::vector<Word> words_;
  std::string bytes_;
};

// Runs of words. A run of n is a node: its first n - 1 words' node, and its last word. The nodes
// of single words are the words' numbers.
class Vocabulary {
 public:
  static constexpr std::int32_t kNone = -1;

  // Runs that may be there, to be looked up once their places are at hand; one a thread.
  struct Pending {
    struct Pair {
      std::uint32_t start;
      std::uint64_t hash;
    };
    std::vector<Pair> pairs;
  };

  // Runs of words parted by single spaces, in the order of their columns.
  explicit Vocabulary(const TextColumn& runs);

  std::size_t size() const { return n_columns_; }

  const WordTable& words() const { return words_; }

  // Call visit(column) for each run, of min_n to max_n words, in words given by number (kNone
  // where unknown), as often as it occurs, in no special order.
  template <class Visit>
  void visit_runs(const std::vector<std::int32_t>& words, std::size_t min_n, std::size_t max_n,
                  Pending& pending, Visit&& visit) const {
    pending.pairs.clear();
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (words[i] < 0) continue;
      const WordTable::Word& word = words_.words_[WordTable::index(words[i])];
      if (min_n <= 1 && word.column >= 0) visit(word.column);
      if (max_n < 2 || !word.extends || i + 1 == words.size() || words[i + 1] < 0) continue;
      const std::uint64_t hash = spread(key_of(words[i], words[i + 1]));
      // Most pairs of words are no run: one bit tells, without a look at the large table.
      if (!passes(hash)) continue;
      prefetch(&edges_[hash & edge_mask_]);
      pending.pairs.push_back({static_cast<std::uint32_t>(i), hash});
    }
    for (const auto& [start, hash] : pending.pairs) {
      const Edge* edge = find_edge(key_of(words[start], words[start + 1]), hash);
      for (std::size_t n = 2; edge != nullptr; ++n) {
        if (n >= min_n && edge->column >= 0) visit(edge->column);
        if (n == max_n || !edge->extends || start + n >= words.size()) break;
        const std::int32_t next = words[start + n];
        if (next < 0) break;
        const std::uint64_t key = key_of(edge->child, next), longer = spread(key);
        edge = passes(longer) ? find_edge(key, longer) : nullptr;
      }
    }
  }

 private:
  struct Edge {
    std::uint64_t key = 0;
    std::int32_t child = kNone;  // none where there is no edge
    std::int32_t column = kNone;
    bool extends = false;
  };

  static std::uint64_t key_of(std::int32_t node, std::int32_t word) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(node)) << 32 |
           static_cast<std::uint32_t>(word);
  }

  static std::uint64_t spread(std::uint64_t key) {
    return mix(key ^ 0x9E3779B97F4A7C15u, 0xC2B2AE3D27D4EB4Fu);
  }

  bool passes(std::uint64_t hash) const {
    return (filter_[(hash >> 40) & filter_mask_] >> (hash >> 34 & 63) & 1) != 0;
  }

  const Edge* find_edge(std::uint64_t key, std::uint64_t hash) const {
    for (std::size_t place = hash & edge_mask_;; place = (place + 1) & edge_mask_) {
      const Edge& edge = edges_[place];
      if (edge.child < 0) return nullptr;
      if (edge.key == key) return &edge;
    }
  }

  void add_run(const std::vector<std::int32_t>& words, std::int32_t column);
  std::size_t add_edge(std::int32_t node, std::int32_t word);
  void grow_edges(std::size_t n_slots);

  WordTable words_;
  std::size_t n_columns_ = 0;
  std::int32_t n_nodes_ = 0;
  std::vector<Edge> edges_;
  std::size_t edge_mask_ = 0, n_edges_ = 0;
  std::vector<std::uint64_t> filter_;
  std::size_t filter_mask_ = 0;
};

}  // namespace jocas
