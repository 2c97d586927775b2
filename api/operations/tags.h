// Tags, and the ARNs of what has tags: how the requests of CreateTable, TagResource and UntagResource give them, with the
// service's own checks and texts. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/error.h"
#include "api/json.h"
#include "api/operation.h"
#include "model/table.h"

namespace stator::api {

using Tags = std::vector<std::pair<std::string, std::string>>;

// A request on what an ARN names: a table.
struct ResourceRequest : Request {
  std::string arn;
};
// ResourceArn into `arn` and `table_name`.
Result<void> read_resource(const json::Value& body, ResourceRequest& request);
// Group 0's part of TagResource and UntagResource: the table that `request` names, with its tags as `change` leaves them.
// Proposes nothing where they are as they were.
Evaluation change_tags(const TableView& tables, const ResourceRequest& request,
                       const std::function<Result<void>(Tags&)>& change);

// A list of tags, each key once.
Result<Tags> read_tags(const json::Value& list);
// A list of keys to be removed.
Result<std::vector<std::string>> read_tag_keys(const json::Value& list);
// "Number of Tags exceed the current limit ...".
Failure too_many_tags();

}  // namespace stator::api
