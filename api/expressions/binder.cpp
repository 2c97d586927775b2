// What paths, conditions and projections have in common, and the checks of paths. Pure.
#include "api/expressions/binder.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

#include "api/expressions/messages.h"
#include "api/expressions/reserved_words.h"
#include "model/assert.h"
#include "model/limits.h"

namespace stator::expressions {
namespace {

// The service's indexes are 31 bits wide.
constexpr uint32_t kListIndexMax = std::numeric_limits<int32_t>::max();

bool parse_index(std::string_view digits, uint32_t& index) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  return error == std::errc() && end == digits.data() + digits.size() && index <= kListIndexMax;
}

}  // namespace

Result<void> check_path(ExpressionKind kind, const PathOperand& path) {
  const auto refuse = [kind](const std::string& text) { return Failure(messages::invalid(kind, text)); };
  for (const PathSegment& segment : path.segments) {
    uint32_t index = 0;
    if (segment.kind == PathSegment::Kind::kName && is_reserved_word(segment.text)) {
      return refuse(messages::reserved_word(segment.text));
    }
    if (segment.kind == PathSegment::Kind::kIndex && !parse_index(segment.text, index)) {
      return refuse(messages::index_out_of_range(segment.text));
    }
  }
  if (path.segments.size() > model::kNestingMax) return refuse(messages::path_too_deep(path.segments.size()));
  return {};
}

Result<void> bind_path(ExpressionKind kind, PathOperand& path, Substitutions& substitutions) {
  STATOR_ASSERT(!path.segments.empty(), "the parser reads no path without a segment");
  bool first = true;
  for (const PathSegment& segment : path.segments) {
    if (segment.kind == PathSegment::Kind::kIndex) {
      uint32_t index = 0;
      STATOR_ASSERT(!first && parse_index(segment.text, index), "check_path has seen the index");
      path.path.append(index);
      continue;
    }
    const std::string* name = &segment.text;
    if (segment.kind == PathSegment::Kind::kAlias) {
      name = substitutions.use_name(segment.text);
      if (name == nullptr) return Failure(messages::invalid(kind, messages::name_not_defined(segment.text)));
    }
    if (first) {
      path.path = DocumentPath(*name);
    } else {
      path.path.append(*name);
    }
    first = false;
  }
  return {};
}

Result<void> check_paths_distinct(ExpressionKind kind, const std::vector<DocumentPath>& paths) {
  // Sorted, two paths that are not distinct make some two neighbours that are not.
  std::vector<const DocumentPath*> sorted;
  sorted.reserve(paths.size());
  for (const DocumentPath& path : paths) sorted.push_back(&path);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return before(*a, *b); });
  const auto clash = std::adjacent_find(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return relation(*a, *b) != PathRelation::kDistinct;
  });
  if (clash == sorted.end()) return {};
  // Which pair is told: the first overlap in the order of the text, else the first conflict.
  std::string conflict;
  for (size_t second = 1; second < paths.size(); ++second) {
    for (size_t first = 0; first < second; ++first) {
      const PathRelation found = relation(paths[first], paths[second]);
      if (found == PathRelation::kOverlap) {
        return Failure(messages::invalid(
            kind, messages::paths_overlap(paths[first].to_string(), paths[second].to_string())));
      }
      if (found == PathRelation::kConflict && conflict.empty()) {
        conflict = messages::paths_conflict(paths[first].to_string(), paths[second].to_string());
      }
    }
  }
  STATOR_ASSERT(!conflict.empty(), "the sorted paths held a clash");
  return Failure(messages::invalid(kind, conflict));
}

Result<std::vector<DocumentPath>> bind_projection(Parsed<std::vector<PathOperand>>& parsed,
                                                  Substitutions& substitutions) {
  constexpr auto kKind = ExpressionKind::kProjection;
  for (const PathOperand& path : parsed.tree) {
    if (auto checked = check_path(kKind, path); !checked) return Failure(checked.error());
  }
  std::vector<DocumentPath> paths;
  paths.reserve(parsed.tree.size());
  for (PathOperand& path : parsed.tree) {
    if (auto bound = bind_path(kKind, path, substitutions); !bound) return Failure(bound.error());
    paths.push_back(std::move(path.path));
  }
  if (auto distinct = check_paths_distinct(kKind, paths); !distinct) return Failure(distinct.error());
  return paths;
}

}  // namespace stator::expressions
