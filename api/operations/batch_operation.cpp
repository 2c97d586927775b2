// BatchOperation: the common course of batches, on the node that took the request. Pure.
#include "api/operations/batch_operation.h"

#include <algorithm>
#include <utility>

#include "api/throttling.h"
#include "model/assert.h"

namespace stator::api {

const std::vector<RequestPtr>& Batch::parts(const Request& request) const { return typed(request).parts; }

Result<void> Batch::check_keys(const Request& request, const std::vector<std::string>& keys,
                               const std::vector<model::TableId>& tables) const {
  STATOR_ASSERT(keys.size() == typed(request).parts.size() && tables.size() == keys.size(),
                "a key and a table a part");
  std::vector<std::pair<model::TableId, std::string_view>> sorted;
  sorted.reserve(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) sorted.emplace_back(tables[i], keys[i]);
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end())
    return validation_error("Provided list of item keys contains duplicates");
  return {};
}

Result<Answer> Batch::combine(const Request& request, BatchAnswer parts) const {
  STATOR_ASSERT(parts.parts.size() == typed(request).parts.size(), "an answer a part");
  const Error* first_error = nullptr;
  size_t answered = 0;
  for (const auto& part : parts.parts) {
    const auto* error = std::get_if<Error>(&part);
    if (error == nullptr) {
      ++answered;
    } else if (!is_retriable(*error)) {
      return Failure(*error);
    } else if (first_error == nullptr) {
      first_error = error;
    }
  }
  if (answered == 0 && first_error != nullptr) return Failure(in_region(*first_error, request.region));
  return Answer(std::move(parts));
}

void Batch::write_batch_capacity(const BatchRequest& request, const BatchAnswer& answer, json::Writer& out) {
  if (request.capacity == ReturnConsumedCapacity::kNone) return;
  out.key("ConsumedCapacity").begin_array();
  for (const BatchRequest::Group& group : request.groups) {
    Capacity sum;
    for (size_t i = group.first; i < group.end; ++i) {
      if (const auto* item = std::get_if<ItemAnswer>(&answer.parts[i])) add_capacity(sum, item->capacity);
    }
    write_capacity_entry(group.table_given, sum, request.capacity, out);
  }
  out.end_array();
}

Result<std::string> read_batch_table(std::string_view given) {
  auto name = table_name_of(given);
  if (!name)
    return validation_error(
        "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may "
        "contain only "
        "the characters a-z, A-Z, 0-9, '_', '-', and '.'");
  return std::move(*name);
}

}  // namespace stator::api
