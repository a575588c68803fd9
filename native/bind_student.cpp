#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/unique_ptr.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "arrow.hpp"
#include "student.hpp"

namespace jocas {

namespace {

// The table whose pages of 256 strings Python makes when a text first holds one of their code points.
std::unique_ptr<FoldTable> make_fold_table(nb::callable make_page) {
  return std::make_unique<FoldTable>([make_page](std::uint32_t number) {
    nb::gil_scoped_acquire held;
    FoldPage page;
    std::size_t place = 0;
    for (nb::handle folded : make_page(number)) {
      Py_ssize_t size = 0;
      const char* bytes = PyUnicode_AsUTF8AndSize(folded.ptr(), &size);
      if (bytes == nullptr) throw nb::python_error();
      page.bytes.append(bytes, static_cast<std::size_t>(size));
      page.starts.at(++place) = static_cast<std::uint16_t>(page.bytes.size());
    }
    return page;
  });
}

std::unique_ptr<ClassTable> make_class_table(nb::callable make_page) {
  return std::make_unique<ClassTable>(
      [make_page](std::uint32_t number) { return make_class_page(make_page, number); });
}

// Takes the parts of a student one by one, as they refer to one another.
class StudentBuilder {
 public:
  StudentBuilder(nb::callable fold_words, nb::callable fold_sentences, nb::callable classes) {
    parts_.fold_words = make_fold_table(std::move(fold_words));
    parts_.fold_sentences = make_fold_table(std::move(fold_sentences));
    parts_.classes = make_class_table(std::move(classes));
  }

  void set_text(nb::handle runs, Array<double> idf, Array<double> log_counts, std::size_t min_n,
                std::size_t max_n, std::size_t n_categories) {
    parts_.tfidf.emplace(Tokeniser(*parts_.fold_words), Vocabulary(HeldTexts(runs).view()),
                         to_vector(idf), to_vector(log_counts), min_n, max_n);
    parts_.n_categories = n_categories;
  }

  void set_text_weights(Array<std::int32_t> coefficients, Array<double> intercepts) {
    parts_.text = {to_vector(coefficients), to_vector(intercepts)};
    parts_.has_scores = true;
  }

  void set_patterns(std::shared_ptr<Patterns> patterns, Array<double> log_counts) {
    parts_.patterns = std::move(patterns);
    parts_.pooling.log_counts = to_vector(log_counts);
  }

  void set_sentence_weights(nb::handle runs, std::size_t max_run, nb::handle pieces,
                            std::pair<std::size_t, std::size_t> piece_lengths,
                            Array<std::int32_t> run_terms, Array<std::int32_t> piece_terms,
                            Array<double> finding_terms, Array<double> intercepts) {
    const HeldTexts held(pieces);
    WordTable table(held.view().size());
    for (std::size_t i = 0; i < held.view().size(); ++i) table.add(held.view()[i]);
    weights_.emplace(SentenceWeights{Vocabulary(HeldTexts(runs).view()), max_run, std::move(table),
                                     piece_lengths.first, piece_lengths.second,
                                     to_vector(run_terms), to_vector(piece_terms),
                                     to_vector(finding_terms), to_vector(intercepts)});
  }

  void set_pooling(double sharpness, double largest_score) {
    parts_.pooling.sharpness = sharpness;
    parts_.pooling.largest_score = largest_score;
  }

  void add_line(double intercept, Array<double> coefficients) {
    parts_.lines.push_back({false, intercept, to_vector(coefficients)});
  }

  void add_constant() { parts_.lines.push_back({true, 0, {}}); }

  std::unique_ptr<Student> build(std::shared_ptr<Forest> forest) {
    if (!parts_.fold_words) throw std::logic_error("the parts went into a student before");
    parts_.forest = std::move(forest);
    if (weights_ || parts_.patterns) {
      parts_.sentences.emplace(*parts_.fold_sentences, *parts_.classes, parts_.lines.size(),
                               std::move(weights_), parts_.patterns);
    }
    return std::make_unique<Student>(std::move(parts_));
  }

 private:
  StudentParts parts_;
  std::optional<SentenceWeights> weights_;
};

// A student with what its threads remember from one call to the next.
class Worker {
 public:
  Worker(std::unique_ptr<Student> student, Student::Memory memory)
      : student_(std::move(student)), memory_(memory) {}

  const Student& student() const { return *student_; }

  // Call judge(row, scratch) for each row, in as many threads, and return the rows for which it
  // says false, in order.
  template <class Judge>
  std::vector<std::int64_t> run(std::size_t n_rows, std::size_t n_threads, const Judge& judge) {
    if (n_threads == 0) throw nb::value_error("at least one thread is needed");
    constexpr std::size_t kBlock = 128;  // rows that a thread takes at a time
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::vector<std::int64_t> unsure;
    std::exception_ptr failure;
    const auto work = [&] {
      std::vector<std::int64_t> found;
      try {
        std::unique_ptr<Student::Scratch> scratch = take(n_threads);
        for (std::size_t start = next.fetch_add(kBlock); start < n_rows;
             start = next.fetch_add(kBlock)) {
          for (std::size_t row = start; row < std::min(start + kBlock, n_rows); ++row) {
            if (!judge(row, *scratch)) found.push_back(static_cast<std::int64_t>(row));
          }
        }
        give_back(std::move(scratch), n_threads);
        const std::lock_guard lock(mutex);
        unsure.insert(unsure.end(), found.begin(), found.end());
      } catch (...) {
        next = n_rows;
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    };
    const std::size_t n_blocks = (n_rows + kBlock - 1) / kBlock;
    std::vector<std::thread> threads;
    threads.reserve(std::min(n_threads, n_blocks));
    try {
      for (std::size_t i = 1; i < std::min(n_threads, n_blocks); ++i) threads.emplace_back(work);
    } catch (const std::exception&) {
      // The machine has no more threads: those that there are do the work.
    }
    work();
    for (std::thread& thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
    std::sort(unsure.begin(), unsure.end());
    return unsure;
  }

 private:
  // What is remembered is shared out among the threads, so that more of them take no more memory.
  std::unique_ptr<Student::Scratch> take(std::size_t n_threads) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto scratch = std::move(idle_.back());
        idle_.pop_back();
        return scratch;
      }
    }
    const Student::Memory share{memory_.n_texts / n_threads, memory_.n_sentences / n_threads,
                                memory_.n_tokens / n_threads};
    return std::make_unique<Student::Scratch>(*student_, share);
  }

  // Keep what one call at a time needs; calls side by side remember less from one to the next.
  void give_back(std::unique_ptr<Student::Scratch> scratch, std::size_t n_threads) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < n_threads) idle_.push_back(std::move(scratch));
  }

  std::unique_ptr<Student> student_;
  Student::Memory memory_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Student::Scratch>> idle_;
};

// The categories of each row, as in a CSR matrix.
class Categories {
 public:
  Categories(const Array<std::int64_t>& starts, const Array<std::int32_t>& columns,
             std::size_t n_rows)
      : starts_(starts.data()), columns_(columns.data()), is_empty_(starts.size() == 0) {
    std::int64_t end = 0;
    bool fits = is_empty_ || starts.size() == n_rows + 1;
    for (std::size_t i = 0; i < starts.size(); ++i) fits &= std::exchange(end, starts_[i]) <= starts_[i];
    if (!fits || end > static_cast<std::int64_t>(columns.size()) || (!is_empty_ && starts_[0] != 0)) {
      throw nb::value_error("categories must be the starts and columns of one row a text");
    }
  }

  std::pair<const std::int32_t*, std::size_t> operator[](std::size_t row) const {
    if (is_empty_) return {nullptr, 0};
    return {columns_ + starts_[row], static_cast<std::size_t>(starts_[row + 1] - starts_[row])};
  }

 private:
  const std::int64_t* starts_;
  const std::int32_t* columns_;
  bool is_empty_;
};

// Fill `width` figures for each text: compute(row's text, its categories, scratch, figures).
template <class Compute>
nb::tuple compute_rows(Worker& worker, nb::handle texts, const Array<std::int64_t>& starts,
                       const Array<std::int32_t>& columns, std::size_t n_threads,
                       std::size_t width, const Compute& compute) {
  const HeldTexts held(texts);
  const TextColumn rows = held.view();
  const Categories categories(starts, columns, rows.size());
  std::vector<double> figures(rows.size() * width);
  std::vector<std::int64_t> unsure;
  {
    nb::gil_scoped_release released;
    unsure = worker.run(rows.size(), n_threads, [&](std::size_t row, Student::Scratch& scratch) {
      return compute(rows[row], categories[row], scratch, figures.data() + row * width);
    });
  }
  return nb::make_tuple(to_numpy(std::move(figures)), to_numpy(std::move(unsure)));
}

using CategoriesOfRow = std::pair<const std::int32_t*, std::size_t>;

nb::tuple predict(Worker& worker, nb::handle texts, Array<std::int64_t> starts,
                  Array<std::int32_t> columns, std::size_t n_threads) {
  const Student& student = worker.student();
  const auto compute = [&](std::string_view text, CategoriesOfRow categories,
                           Student::Scratch& scratch, double* log_odds) {
    return student.predict(text, categories.first, categories.second, scratch, log_odds);
  };
  return compute_rows(worker, texts, starts, columns, n_threads, student.n_themes(), compute);
}

nb::tuple score(Worker& worker, nb::handle texts, Array<std::int64_t> starts,
                Array<std::int32_t> columns, std::size_t n_threads) {
  const Student& student = worker.student();
  const auto compute = [&](std::string_view text, CategoriesOfRow categories,
                           Student::Scratch& scratch, double* scores) {
    if (!student.read(text, categories.first, categories.second, scratch)) return false;
    if (!student.score(text, scratch)) return false;
    std::copy(scratch.scores.begin(), scratch.scores.end(), scores);
    return true;
  };
  const std::size_t width = student.n_themes() * student.n_scores();
  return compute_rows(worker, texts, starts, columns, n_threads, width, compute);
}

// The TF-IDF of texts as a CSR matrix.
nb::tuple read(Worker& worker, nb::handle texts) {
  const HeldTexts held(texts);
  const TextColumn rows = held.view();
  const Student& student = worker.student();
  std::vector<std::int64_t> starts{0}, unsure;
  std::vector<std::int32_t> columns;
  std::vector<double> values;
  {
    nb::gil_scoped_release released;
    unsure = worker.run(rows.size(), 1, [&](std::size_t row, Student::Scratch& scratch) {
      const bool is_sure = student.read(rows[row], nullptr, 0, scratch);
      if (is_sure) {
        columns.insert(columns.end(), scratch.row.columns.begin(), scratch.row.columns.end());
        values.insert(values.end(), scratch.row.values.begin(), scratch.row.values.end());
      }
      starts.push_back(static_cast<std::int64_t>(columns.size()));
      return is_sure;
    });
  }
  return nb::make_tuple(to_numpy(std::move(starts)), to_numpy(std::move(columns)),
                        to_numpy(std::move(values)), to_numpy(std::move(unsure)));
}

// Fold and tokenise alone, the least that any student has to do: the number of words.
std::size_t tokenise(Worker& worker, nb::handle texts) {
  const HeldTexts held(texts);
  const TextColumn rows = held.view();
  nb::gil_scoped_release released;
  std::size_t n_words = 0;
  worker.run(rows.size(), 1, [&](std::size_t row, Student::Scratch& scratch) {
    const Tokeniser& tokeniser = worker.student().parts().tfidf->tokeniser();
    const bool is_sure = tokeniser.cut(rows[row], scratch.tfidf.text);
    n_words += scratch.tfidf.text.tokens.size();
    return is_sure;
  });
  return n_words;
}

// The sentences of texts, and where those of each text begin.
nb::tuple split(nb::handle texts) {
  const HeldTexts held(texts);
  const TextColumn rows = held.view();
  TextBuilder sentences;
  std::vector<std::int64_t> starts{0};
  std::vector<std::string_view> found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    split_sentences(rows[row], found);
    for (const std::string_view sentence : found) {
      sentences.bytes.append(sentence);
      sentences.end_row();
    }
    starts.push_back(starts.back() + static_cast<std::int64_t>(found.size()));
  }
  return nb::make_tuple(to_numpy(std::move(sentences.offsets)), to_numpy(std::move(sentences.bytes)),
                        to_numpy(std::move(starts)));
}

}  // namespace

void bind_student(nb::module_& m) {
  nb::class_<StudentBuilder>(m, "StudentBuilder")
      .def(nb::init<nb::callable, nb::callable, nb::callable>())
      .def("set_text", &StudentBuilder::set_text)
      .def("set_text_weights", &StudentBuilder::set_text_weights)
      .def("set_patterns", &StudentBuilder::set_patterns)
      .def("set_sentence_weights", &StudentBuilder::set_sentence_weights)
      .def("set_pooling", &StudentBuilder::set_pooling)
      .def("add_line", &StudentBuilder::add_line)
      .def("add_constant", &StudentBuilder::add_constant)
      .def("build", [](StudentBuilder& builder, std::shared_ptr<Forest> forest,
                       std::size_t n_texts, std::size_t n_sentences, std::size_t n_tokens) {
        const Student::Memory memory{n_texts, n_sentences, n_tokens};
        return std::make_unique<Worker>(builder.build(std::move(forest)), memory);
      });
  nb::class_<Worker>(m, "Student")
      .def("predict", &predict)
      .def("score", &score)
      .def("read", &read)
      .def("tokenise", &tokenise);
  m.def("split_sentences", &split);
}

}  // namespace jocas
