#include "tokens.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "bytes.hpp"
#include "hashing.hpp"

namespace jocas {

namespace {

constexpr char32_t kCapitalSigma = 0x3A3;
// No offer is as long; the memory for one that is would be kept.
constexpr std::size_t kLongest = std::size_t{1} << 20;
constexpr std::size_t kWordSize = 8, kBlockSize = 2 * kWordSize, kGroupSize = 64;
// Behind a folded text: a group of spaces, and what is read and written past the last one.
constexpr std::size_t kRoom = 2 * kGroupSize;
static_assert(kRoom >= kGroupSize + kPadding);

// Fold a block of ASCII characters; bytes that are none come out as anything.
void fold_ascii(const char* text, char* folded) {
  std::array<char, kBlockSize> block;
  for (std::size_t i = 0; i < kBlockSize; ++i) {
    // No branch, and bytes alone: compilers do all of them in one step.
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const auto small = static_cast<std::uint8_t>(byte | 0x20);
    const bool is_letter = (small >= 'a') & (small <= 'z');
    const bool is_other = ((byte >= '0') & (byte <= '9')) | (byte == '_');
    const auto letter = static_cast<std::uint8_t>(is_letter ? 0xFF : 0);
    const auto other = static_cast<std::uint8_t>(is_other ? 0xFF : 0);
    block[i] = static_cast<char>((small & letter) | (byte & other) | (' ' & ~(letter | other)));
  }
  std::memcpy(folded, block.data(), kBlockSize);
}

// How many of the next bytes are ASCII, a block at most.
std::size_t count_ascii(const char* text) {
  const std::uint64_t first = load_little_endian(text) & kHighBits;
  const std::uint64_t second = load_little_endian(text + kBlockSize / 2) & kHighBits;
  return count_until(first, second);
}

// Whether a word is one code point alone.
bool is_one_character(std::string_view word) {
  return word.size() == 1 || (word.size() <= 4 && decode(word, 0).size == word.size());
}

// Write where words begin, and end, in turn; return how many edges there are.
std::size_t find_edges(const std::string& folded, std::size_t size,
                       std::vector<std::uint32_t>& edges) {
  std::size_t n_edges = 0;
  std::uint64_t before = 0;  // whether the last byte of the group before is in a word
  for (std::size_t start = 0; start <= size; start += kGroupSize) {
    std::array<char, kGroupSize> is_in_word;
    const char* group = &folded[start];
    for (std::size_t i = 0; i < kGroupSize; ++i) is_in_word[i] = group[i] != ' ';
    std::uint64_t in_words = 0;
    for (std::size_t i = 0; i < kGroupSize; i += kWordSize) {
      in_words |= gather(load_little_endian(&is_in_word[i])) << i;
    }
    if (edges.size() < n_edges + kGroupSize) edges.resize(2 * edges.size() + kGroupSize);
    for (std::uint64_t left = in_words ^ (in_words << 1 | before); left != 0; left &= left - 1) {
      edges[n_edges++] = static_cast<std::uint32_t>(start) + count_trailing_zeros(left);
    }
    before = in_words >> (kGroupSize - 1);
  }
  return n_edges;
}

}  // namespace

Tokeniser::Tokeniser(const FoldTable& fold) : fold_(fold) {
  std::array<char, kBlockSize> block{}, expected{};
  for (char32_t c = 0; c < kNear; ++c) {
    const std::string_view folded = fold_[c];
    const bool is_ascii = folded.size() == 1 && static_cast<unsigned char>(folded[0]) < 0x80;
    block[0] = static_cast<char>(c % 0x80);
    fold_ascii(block.data(), expected.data());
    if (c < 0x80 && (!is_ascii || folded[0] != expected[0])) {
      throw std::invalid_argument("ASCII folds to small letters, figures, _ and spaces");
    }
    near_[c] = is_ascii ? folded[0] : '\0';
  }
}

bool Tokeniser::cut(std::string_view text, Scratch& scratch) const {
  std::size_t size = 0;
  if (text.size() > kLongest || !fold(text, scratch, size)) return false;
  const std::size_t n_edges = find_edges(scratch.folded, size, scratch.edges);
  scratch.tokens.resize(n_edges / 2);
  std::size_t n_tokens = 0;
  for (std::size_t i = 0; i + 1 < n_edges; i += 2) {
    const Token token{scratch.edges[i], scratch.edges[i + 1] - scratch.edges[i]};
    // Written in any case, as a branch would often be guessed wrong.
    scratch.tokens[n_tokens] = token;
    const bool is_ascii = static_cast<unsigned char>(scratch.folded[token.start]) < 0x80;
    n_tokens += is_ascii ? token.size > 1 : !is_one_character(scratch.word_at(token));
  }
  scratch.tokens.resize(n_tokens);
  return true;
}

bool Tokeniser::fold(std::string_view text, Scratch& scratch, std::size_t& size) const {
  // Room for all that is left, if each byte becomes one at most.
  const auto make_room = [&](std::size_t n_bytes) {
    if (scratch.folded.size() < n_bytes + kRoom) scratch.folded.resize(2 * n_bytes + kRoom);
    return scratch.folded.data();
  };
  char* folded = make_room(text.size());
  std::size_t end = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (text.size() - i >= kBlockSize) {
      fold_ascii(text.data() + i, folded + end);
      const std::size_t n_ascii = count_ascii(text.data() + i);
      i += n_ascii;
      end += n_ascii;
      if (n_ascii == kBlockSize) continue;
    }
    const CodePoint point = decode(text, i);
    if (point.size == 0 || point.value == kCapitalSigma) return false;
    i += point.size;
    if (const char c = point.value < kNear ? near_[point.value] : '\0') {
      folded[end++] = c;
      continue;
    }
    const std::string_view replaced = fold_[point.value];
    folded = make_room(end + replaced.size() + (text.size() - i));
    std::copy(replaced.begin(), replaced.end(), folded + end);
    end += replaced.size();
  }
  std::fill_n(folded + end, kRoom, ' ');
  size = end;
  return true;
}

}  // namespace jocas
