// Whatever the arrays: they are refused, or a forest says what walking them one by one says.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#include "require.hpp"
#include "trees.hpp"

namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

struct Bytes {
  const std::uint8_t* data;
  std::size_t size;

  template <class T>
  T take() {
    T value{};
    const std::size_t count = size < sizeof(T) ? size : sizeof(T);
    if (count > 0) std::memcpy(&value, data, count);
    data += count;
    size -= count;
    return value;
  }

  int take_below(int end) { return take<std::uint8_t>() % end; }

  // Small whole numbers often meet; the others are anything, infinities and NaN too.
  double take_value() { return take_below(4) != 0 ? take_below(4) - 1 : take<double>(); }
};

jocas::ForestArrays take_arrays(Bytes& bytes) {
  jocas::ForestArrays arrays;
  arrays.n_scores = static_cast<std::size_t>(bytes.take_below(3));
  arrays.n_columns = static_cast<std::size_t>(bytes.take_below(5));
  arrays.theme_starts = arrays.tree_starts = {0};
  const int n_themes = bytes.take_below(4);
  for (int theme = 0; theme < n_themes; ++theme) {
    arrays.base_margins.push_back(static_cast<float>(bytes.take_value()));
    const int n_trees = bytes.take_below(12);
    for (int tree = 0; tree < n_trees; ++tree) {
      const int n_nodes = bytes.take_below(10);
      for (int node = 0; node < n_nodes; ++node) {
        arrays.left.push_back(bytes.take_below(3) == 0 ? node + bytes.take_below(4) : -1);
        arrays.feature.push_back(bytes.take_below(8) - 1);
        arrays.value.push_back(static_cast<float>(bytes.take_value()));
        arrays.default_left.push_back(bytes.take<std::uint8_t>());
      }
      arrays.tree_starts.push_back(static_cast<std::int64_t>(arrays.left.size()));
    }
    arrays.theme_starts.push_back(static_cast<std::int64_t>(arrays.tree_starts.size()) - 1);
  }
  if (bytes.take_below(4) == 0) arrays.theme_starts.back() += bytes.take<std::int8_t>();
  if (bytes.take_below(4) == 0) arrays.tree_starts.back() += bytes.take<std::int8_t>();
  return arrays;
}

// The margin of a theme as the format has it, for a row that is NaN where a feature is missing.
float add_up(const jocas::ForestArrays& arrays, std::size_t theme, const std::vector<float>& row) {
  float margin = arrays.base_margins[theme];
  for (auto tree = arrays.theme_starts[theme]; tree < arrays.theme_starts[theme + 1]; ++tree) {
    const auto root = static_cast<std::size_t>(arrays.tree_starts[static_cast<std::size_t>(tree)]);
    std::size_t node = root;
    while (arrays.left[node] != -1) {
      const float value = row[static_cast<std::size_t>(arrays.feature[node])];
      const bool left = std::isnan(value) ? arrays.default_left[node] != 0
                                          : value < arrays.value[node];
      node = root + static_cast<std::size_t>(arrays.left[node]) + (left ? 0 : 1);
    }
    margin += arrays.value[node];
  }
  return margin;
}

void check_offer(const jocas::ForestArrays& arrays, const jocas::Forest& forest,
                 jocas::Forest::Scratch& scratch, Bytes& bytes) {
  const std::size_t n_scores = arrays.n_scores;
  std::vector<float> row(n_scores + arrays.n_columns, kMissing);
  std::vector<std::int32_t> columns;
  std::vector<double> values, scores(forest.n_themes() * n_scores);
  for (int entry = bytes.take_below(8); entry > 0; --entry) {
    columns.push_back(bytes.take_below(7) - 1);
    values.push_back(bytes.take_value());
    const auto place = static_cast<std::size_t>(columns.back());
    if (place < arrays.n_columns) row[n_scores + place] = static_cast<float>(values.back());
  }
  for (double& score : scores) score = bytes.take_value();
  std::vector<float> margins(forest.n_themes());
  forest.predict(columns.data(), values.data(), columns.size(), scores.data(), scratch,
                 margins.data());
  for (std::size_t theme = 0; theme < forest.n_themes(); ++theme) {
    for (std::size_t i = 0; i < n_scores; ++i) {
      const double score = scores[theme * n_scores + i];
      row[i] = score == 0 ? kMissing : static_cast<float>(score);
    }
    const float wanted = add_up(arrays, theme, row);
    jocas::require(std::isnan(wanted) ? std::isnan(margins[theme])
                                      : std::memcmp(&wanted, &margins[theme], sizeof wanted) == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes{data, size};
  const jocas::ForestArrays arrays = take_arrays(bytes);
  try {
    const jocas::Forest forest(arrays);
    jocas::Forest::Scratch scratch(forest);
    for (int offer = 0; offer < 2; ++offer) check_offer(arrays, forest, scratch, bytes);
  } catch (const std::invalid_argument&) {
    return 0;
  }
  return 0;
}
