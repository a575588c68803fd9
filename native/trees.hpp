// Gradient-boosted trees: the margins of all themes for one offer, bit for bit those of XGBoost.
//
// Invariant: the arrays of a forest are checked before it is walked. A child lies in its own tree
// and after its parent, so that a walk ends; what a node asks for has a place in the scratch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace jocas {

// Themes hold trees, and trees hold nodes, root first, all one after the other.
struct ForestArrays {
  std::size_t n_scores = 0;                // of each theme
  std::size_t n_columns = 0;               // features of the text, shared by the themes
  std::vector<float> base_margins;         // what the trees of each theme are added to
  std::vector<std::int64_t> theme_starts;  // trees before each theme, and all of them
  std::vector<std::int64_t> tree_starts;   // nodes before each tree, and all of them
  std::vector<std::int32_t> left;          // child, counted from the root; -1 for a leaf. The
                                           // right child is the node after it
  std::vector<std::int64_t> feature;       // a score, or n_scores + a column
  std::vector<float> value;                // of a leaf; else what is less than it goes left
  std::vector<std::uint8_t> default_left;  // whether what is missing goes left
};

class Forest {
 public:
  // The features of one offer that trees ask for; each thread has its own.
  class Scratch {
   public:
    explicit Scratch(const Forest& forest);

   private:
    friend class Forest;
    std::vector<std::int32_t> keys_;
    std::vector<std::size_t> asked_;  // where in the row are columns that trees ask for
  };

  // Throws std::invalid_argument where the arrays are no forest.
  explicit Forest(const ForestArrays& arrays);

  std::size_t n_themes() const { return themes_.size(); }
  std::size_t n_scores() const { return n_scores_; }

  // The margins of the themes for an offer. The features of its text come as a row of a CSR
  // matrix, its scores theme by theme; as in such a row, a score of 0 is missing.
  void predict(const std::int32_t* columns, const double* values, std::size_t count,
               const double* scores, Scratch& scratch, float* margins) const;

 private:
  static constexpr std::size_t kLanes = 8;  // trees walked side by side: each waits for memory

  // A leaf is its own left child, and is never left for the right.
  struct Node {
    std::int32_t threshold;
    std::uint32_t slot;
    std::uint32_t left;
  };
  struct Group {
    std::array<std::uint32_t, kLanes> roots{};
    std::uint32_t depth = 0;
  };
  struct Theme {
    float base_margin;
    std::size_t groups_end;
  };

  void add_leaf(float value);
  std::uint32_t add_tree(const ForestArrays& arrays, std::size_t theme, std::size_t tree);
  std::uint32_t find_slot(std::size_t theme, std::int64_t feature);
  void find_asked(const std::int32_t* columns, std::size_t count, Scratch& scratch) const;
  float add_group(float margin, const Group& group, const std::int32_t* keys) const;

  std::size_t n_scores_;
  std::size_t n_keys_ = 0;
  std::vector<std::uint32_t> column_slots_;
  std::vector<std::uint64_t> asked_columns_;  // a bit each: few are, and this is small
  std::vector<Theme> themes_;
  std::vector<Group> groups_;
  std::vector<Node> nodes_;
  std::vector<float> leaves_;  // value of each node that is a leaf
};

}  // namespace jocas
