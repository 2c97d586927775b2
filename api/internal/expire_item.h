// ExpireItem: what the sweeper of a partition's leader asks of it: the item whose time to live has ended is deleted, if it
// still has; in a table that holds an index, a tombstone that is old enough is forgotten. The row that said so goes with it
// (model/expiry.h). Not an operation of the API, and never sent to another node. Pure.
#pragma once

#include "api/operation.h"

namespace stator::api {

struct ExpireItemRequest : Request {
  std::string key;       // model::item_key
  std::string expiry;    // the row's key
  uint32_t seconds = 0;  // what it says
};

class ExpireItem final : public ItemOperation {
 public:
  std::string_view name() const override { return "ExpireItem"; }
  const Shape& input() const override;
  bool writes() const override { return true; }
  bool consistent(const Request&) const override { return true; }
  Result<std::string> key(const model::Table& table, const Request& request) const override;
  Evaluation evaluate(const model::Table& table, const ItemView& items, const Request& request,
                      model::Stamp stamp) const override;
  void write_answer(const Request& request, const Answer& answer, json::Writer& out) const override;

 protected:
  Result<std::shared_ptr<Request>> read(const json::Value& body) const override;
};
extern const ExpireItem kExpireItem;

}  // namespace stator::api
