// What BatchGetItem and BatchWriteItem share: requests by table, taken apart into item requests and put
// together again. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/operation.h"
#include "api/operations/common.h"

namespace stator::api {

struct BatchRequest : Request {
  std::vector<RequestPtr> parts;
  // One entry a member of RequestItems, in the request's order: its parts are [first, end) of `parts`.
  struct Group {
    std::string table_given;
    size_t first = 0;
    size_t end = 0;
  };
  std::vector<Group> groups;
  ReturnConsumedCapacity capacity = ReturnConsumedCapacity::kNone;
  bool collection_metrics = false;  // BatchWriteItem's ReturnItemCollectionMetrics=SIZE
};

class Batch : public BatchOperation {
 public:
  const std::vector<RequestPtr>& parts(const Request& request) const final;
  Result<void> check_keys(const Request& request, const std::vector<std::string>& keys,
                          const std::vector<model::TableId>& tables) const final;
  Result<Answer> combine(const Request& request, BatchAnswer parts) const override;

 protected:
  static const BatchRequest& typed(const Request& request) {
    return static_cast<const BatchRequest&>(request);
  }
  // ConsumedCapacity: a list with one entry a group, of the parts that were done.
  static void write_batch_capacity(const BatchRequest& request, const BatchAnswer& answer, json::Writer& out);
  static bool done(const BatchAnswer& answer, size_t part) {
    return std::holds_alternative<ItemAnswer>(answer.parts[part]);
  }
};

// A key of RequestItems: a table's name or ARN.
Result<std::string> read_batch_table(std::string_view given);

}  // namespace stator::api
