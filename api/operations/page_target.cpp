// Tables and indexes as Query and Scan see them. Pure.
#include "api/operations/page_target.h"

#include <algorithm>

#include "api/operations/page_operation.h"
#include "model/assert.h"
#include "model/index.h"
#include "model/limits.h"

namespace stator::api {
namespace {

// "[a, b]"
std::string bracketed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "[" : ", ").append(name);
  return out + "]";
}

std::vector<std::string> missing_in(const model::Table& table, const PageTarget& target,
                                    const std::vector<std::string>& attributes) {
  std::vector<std::string> missing;
  std::ranges::copy_if(attributes, std::back_inserter(missing), [&](const std::string& attribute) {
    return !has_attribute(table, target, attribute);
  });
  return missing;
}

Failure no_such_index(const std::string& index) {
  return validation_error("The table does not have the specified index: " + index);
}

// One attribute of a start key.
model::Result<void, model::KeyFailure> check_attribute(const model::KeyAttribute& attribute, bool is_sort_key,
                                                       const model::Item& start_key, uint64_t& used) {
  const model::AttributeValue* value = start_key.find(attribute.name);
  const auto fail = [&](model::KeyError error) {
    return model::Failure(model::KeyFailure{error, attribute.name, attribute.type,
                                            value ? value->type() : attribute.type, is_sort_key});
  };
  if (value == nullptr) return fail(model::KeyError::kMissing);
  if (!value->is(attribute.type)) return fail(model::KeyError::kWrongType);
  const uint64_t size = model::key_attribute_bytes(*value).size();
  if (size == 0) return fail(model::KeyError::kEmpty);
  used += size;
  if (used > (is_sort_key ? model::kSortKeySizeMax : model::kPartitionKeySizeMax))
    return fail(model::KeyError::kTooLong);
  return {};
}

}  // namespace

Result<PageTarget> page_target(const model::Table& table, const PageRequest& request) {
  PageTarget target;
  if (!request.index_name) return target;
  target.local = table.find_local(*request.index_name);
  if (target.local != nullptr) return target;
  target.global = table.find_global(*request.index_name);
  if (target.global == nullptr || target.global->status == model::TableStatus::kDeleting)
    return no_such_index(*request.index_name);
  if (target.global->status == model::TableStatus::kCreating)
    return validation_error("Cannot read from backfilling global secondary index: " + *request.index_name);
  if (request.consistent)
    return validation_error("Consistent reads are not supported on global secondary indexes");
  return target;
}

PageTarget reading_target(const model::Table& table, const PageRequest& request) {
  PageTarget target;
  if (table.index_of) {
    STATOR_ASSERT(table.global_indexes.size() == 1, "a table that holds an index knows that one");
    target.global = &table.global_indexes.front();
  } else if (request.index_name) {
    target.local = table.find_local(*request.index_name);
  }
  return target;
}

expressions::KeyAttributes key_attributes(const model::Table& table, const PageTarget& target) {
  if (target.local) return {{table.key.partition_key}, {target.local->sort_key}, target.local->name};
  if (target.global) return {target.global->partition_key, target.global->sort_key, target.global->name};
  return expressions::key_attributes(table.key);
}

std::vector<std::string> page_key_names(const model::Table& table, const PageTarget& target) {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<model::KeyAttribute>& attributes) {
    for (const model::KeyAttribute& attribute : attributes) {
      if (std::ranges::find(names, attribute.name) == names.end()) names.push_back(attribute.name);
    }
  };
  for (const expressions::KeyAttributes& keys :
       {key_attributes(table, target), expressions::key_attributes(table.key)}) {
    add(keys.partition_key);
    add(keys.sort_key);
  }
  return names;
}

model::Item page_key(const model::Table& table, const PageTarget& target, const model::Item& item) {
  model::Item key;
  for (const std::string& name : page_key_names(table, target)) {
    if (const model::AttributeValue* value = item.find(name)) key.set(name, *value);
  }
  return key;
}

bool has_attribute(const model::Table& table, const PageTarget& target, std::string_view attribute) {
  if (target.local) return model::projects(table, *target.local, attribute);
  return target.global == nullptr || model::projects(table, *target.global, attribute);
}

Result<void> check_projection(const model::Table& table, const PageTarget& target, const PageRequest& request) {
  if (target.global == nullptr || target.projection().type == model::ProjectionType::kAll) return {};
  if (request.all_attributes)
    return invalid_parameters("Select type ALL_ATTRIBUTES is not supported for global secondary index " +
                              target.global->name + " because its projection type is not ALL");
  if (!request.projection) return {};
  const auto missing = missing_in(table, target, request.projection->attributes());
  if (missing.empty()) return {};
  return invalid_parameters("Global secondary index " + target.global->name + " does not project " +
                            bracketed(missing));
}

Result<void> check_filter_projection(const model::Table& table, const PageTarget& target,
                                     const PageRequest& request) {
  if (!target.is_index() || !request.filter) return {};
  const auto missing = missing_in(table, target, request.filter->attributes());
  if (missing.empty()) return {};
  return invalid_parameters("Secondary index " + *request.index_name +
                            " does not project one or more filter attributes: " + bracketed(missing));
}

bool fetches_items(const model::Table& table, const PageTarget& target, const PageRequest& request) {
  if (target.local == nullptr || target.projection().type == model::ProjectionType::kAll) return false;
  if (request.all_attributes) return true;
  return request.projection && !missing_in(table, target, request.projection->attributes()).empty();
}

std::string key_prefix(const PageTarget& target, const std::vector<model::AttributeValue>& partition_key) {
  if (target.local) return model::local_index_prefix(partition_key.front(), target.local->number);
  if (target.global) return model::global_index_prefix(partition_key);
  return model::partition_prefix(partition_key.front());
}

model::Result<std::string, model::KeyFailure> start_bytes(const model::Table& table, const PageTarget& target,
                                                          const model::Item& start_key) {
  if (!target.is_index()) return model::item_key(table.key, start_key);
  for (const expressions::KeyAttributes& keys :
       {key_attributes(table, target), expressions::key_attributes(table.key)}) {
    uint64_t used = 0;
    for (const model::KeyAttribute& attribute : keys.partition_key) {
      if (auto done = check_attribute(attribute, false, start_key, used); !done) return model::Failure(done.error());
    }
    used = 0;
    for (const model::KeyAttribute& attribute : keys.sort_key) {
      if (auto done = check_attribute(attribute, true, start_key, used); !done) return model::Failure(done.error());
    }
  }
  auto key = target.local ? model::index_key(table, *target.local, start_key)
                          : model::index_key(table, *target.global, start_key);
  STATOR_ASSERT(key.has_value(), "all its attributes are checked");
  return std::move(*key);
}

}  // namespace stator::api
