#include "trees.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace jocas {

namespace {

// Values are compared as whole numbers in the same order. A missing value has two such keys: one
// below all others, for nodes where it goes left, and one above, for those where it goes right.
constexpr std::int32_t kLowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t kHighest = std::numeric_limits<std::int32_t>::max();
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// A slot is where the two keys of a feature lie. The first is no feature's.
constexpr std::uint32_t kLeafSlot = 0;     // nothing is ever written here
constexpr std::size_t kScoreSlots = 2;

std::int32_t to_key(float value) {
  const float unsigned_zero = value + 0.0f;  // -0 + 0 is 0
  std::int32_t bits = 0;
  std::memcpy(&bits, &unsigned_zero, sizeof bits);
  return bits < 0 ? bits ^ kHighest : bits;
}

// Write the keys of a feature: where a node sends what is missing to the left, and to the right.
void set(std::vector<std::int32_t>& keys, std::size_t slot, double value) {
  const bool missing = std::isnan(value);
  const std::int32_t key = to_key(static_cast<float>(value));
  keys[slot] = missing ? kLowest : key;
  keys[slot + 1] = missing ? kHighest : key;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(what);
}

bool are_starts(const std::vector<std::int64_t>& starts, std::size_t n_pieces, std::size_t size) {
  return starts.size() == n_pieces + 1 && starts.front() == 0 &&
         std::is_sorted(starts.begin(), starts.end()) &&
         static_cast<std::size_t>(starts.back()) == size;
}

void check_sizes(const ForestArrays& arrays) {
  constexpr std::size_t kMost = std::size_t{1} << 29;  // so that slots and nodes fit 32 bits
  const std::size_t n_themes = arrays.base_margins.size();
  const std::size_t n_nodes = arrays.left.size();
  require(!arrays.tree_starts.empty() &&
              are_starts(arrays.theme_starts, n_themes, arrays.tree_starts.size() - 1),
          "theme_starts must cut the trees into one piece a theme");
  require(are_starts(arrays.tree_starts, arrays.tree_starts.size() - 1, n_nodes),
          "tree_starts must cut the nodes into one piece a tree");
  require(arrays.feature.size() == n_nodes && arrays.value.size() == n_nodes &&
              arrays.default_left.size() == n_nodes,
          "left, feature, value and default_left must be of one length");
  require(n_nodes < kMost && arrays.n_columns < kMost && n_themes < kMost &&
              arrays.n_scores < kMost / std::max(n_themes, std::size_t{1}),
          "a forest must have fewer than 2**29 nodes, columns and scores");
}

}  // namespace

Forest::Forest(const ForestArrays& arrays) : n_scores_(arrays.n_scores) {
  check_sizes(arrays);
  const std::size_t n_themes = arrays.base_margins.size();
  column_slots_.assign(arrays.n_columns, kLeafSlot);
  asked_columns_.assign((arrays.n_columns + 63) / 64, 0);
  n_keys_ = kScoreSlots + 2 * n_themes * n_scores_;
  add_leaf(-0.0f);  // stands for the trees that a group lacks: to add -0 changes nothing
  for (std::size_t theme = 0; theme < n_themes; ++theme) {
    const auto first = static_cast<std::size_t>(arrays.theme_starts[theme]);
    const auto last = static_cast<std::size_t>(arrays.theme_starts[theme + 1]);
    for (std::size_t tree = first; tree < last; ++tree) {
      const std::size_t lane = (tree - first) % kLanes;
      if (lane == 0) groups_.emplace_back();
      groups_.back().roots[lane] = static_cast<std::uint32_t>(nodes_.size());
      groups_.back().depth = std::max(groups_.back().depth, add_tree(arrays, theme, tree));
    }
    themes_.push_back({arrays.base_margins[theme], groups_.size()});
  }
}

void Forest::add_leaf(float value) {
  nodes_.push_back({kHighest, kLeafSlot, static_cast<std::uint32_t>(nodes_.size())});
  leaves_.push_back(value);
}

// Add a tree, and return its depth.
std::uint32_t Forest::add_tree(const ForestArrays& arrays, std::size_t theme, std::size_t tree) {
  const auto start = static_cast<std::size_t>(arrays.tree_starts[tree]);
  const auto size = static_cast<std::size_t>(arrays.tree_starts[tree + 1]) - start;
  require(size > 0, "a tree must have a node");
  const std::size_t root = nodes_.size();
  std::vector<std::uint32_t> depths(size);
  for (std::size_t node = 0; node < size; ++node) {
    const std::size_t i = start + node;
    if (arrays.left[i] == -1) {
      add_leaf(arrays.value[i]);
      continue;
    }
    const auto left = static_cast<std::size_t>(arrays.left[i]);  // a negative one becomes huge
    require(left > node && left < size - 1, "children must come after their parent, in its tree");
    require(!std::isnan(arrays.value[i]), "a threshold must not be NaN");
    const std::uint32_t missing_right = arrays.default_left[i] != 0 ? 0 : 1;
    nodes_.push_back({to_key(arrays.value[i]), find_slot(theme, arrays.feature[i]) + missing_right,
                      static_cast<std::uint32_t>(root + left)});
    leaves_.push_back(0.0f);
    for (const std::size_t child : {left, left + 1}) {
      depths[child] = std::max(depths[child], depths[node] + 1);
    }
  }
  return *std::max_element(depths.begin(), depths.end());
}

// Return where in the scratch a feature lies, giving it a place where it has none.
std::uint32_t Forest::find_slot(std::size_t theme, std::int64_t feature) {
  const auto place = static_cast<std::size_t>(feature);  // a negative one becomes huge
  require(place < n_scores_ + column_slots_.size(), "a feature must be a score or a column");
  if (place < n_scores_) {
    return static_cast<std::uint32_t>(kScoreSlots + 2 * (theme * n_scores_ + place));
  }
  std::uint32_t& slot = column_slots_[place - n_scores_];
  if (slot == kLeafSlot) {  // none yet
    slot = static_cast<std::uint32_t>(n_keys_);
    n_keys_ += 2;
    const std::size_t column = place - n_scores_;
    asked_columns_[column / 64] |= std::uint64_t{1} << (column % 64);
  }
  return slot;
}

// Find where in a row are columns that a tree asks for.
void Forest::find_asked(const std::int32_t* columns, std::size_t count, Scratch& scratch) const {
  scratch.asked_.resize(count);
  std::size_t n_asked = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto column = static_cast<std::size_t>(columns[i]);  // a negative one becomes huge
    // Written in any case: a branch here would often be guessed wrong.
    scratch.asked_[n_asked] = i;
    n_asked += column / 64 < asked_columns_.size() &&
               (asked_columns_[column / 64] >> (column % 64) & 1) != 0;
  }
  scratch.asked_.resize(n_asked);
}

Forest::Scratch::Scratch(const Forest& forest) : keys_(forest.n_keys_) {
  for (std::size_t slot = 0; slot < keys_.size(); slot += 2) set(keys_, slot, kMissing);
}

void Forest::predict(const std::int32_t* columns, const double* values, std::size_t count,
                     const double* scores, Scratch& scratch, float* margins) const {
  std::vector<std::int32_t>& keys = scratch.keys_;
  require(keys.size() == n_keys_, "the scratch must be one of this forest");
  for (std::size_t i = 0; i < n_themes() * n_scores_; ++i) {
    set(keys, kScoreSlots + 2 * i, scores[i] == 0 ? kMissing : scores[i]);
  }
  find_asked(columns, count, scratch);
  const auto slot_of = [&](std::size_t i) {
    return column_slots_[static_cast<std::size_t>(columns[i])];
  };
  for (const std::size_t i : scratch.asked_) set(keys, slot_of(i), values[i]);
  std::size_t group = 0;
  for (std::size_t theme = 0; theme < n_themes(); ++theme) {
    float margin = themes_[theme].base_margin;
    for (; group < themes_[theme].groups_end; ++group) {
      margin = add_group(margin, groups_[group], keys.data());
    }
    margins[theme] = margin;
  }
  for (const std::size_t i : scratch.asked_) set(keys, slot_of(i), kMissing);
}

float Forest::add_group(float margin, const Group& group, const std::int32_t* keys) const {
  std::array<std::uint32_t, kLanes> at = group.roots;
  for (std::uint32_t step = 0; step < group.depth; ++step) {
    for (std::uint32_t& node : at) {
      node = nodes_[node].left + (keys[nodes_[node].slot] >= nodes_[node].threshold);
    }
  }
  for (const std::uint32_t leaf : at) margin += leaves_[leaf];  // one by one, as XGBoost does
  return margin;
}

}  // namespace jocas
