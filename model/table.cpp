// A table's parts: the wire names of its states and modes, and its indexes by name. Pure; any thread.
#include "model/table.h"

#include <algorithm>

namespace stator::model {

std::string_view table_status_name(TableStatus status) {
  switch (status) {
    case TableStatus::kCreating:
      return "CREATING";
    case TableStatus::kActive:
      return "ACTIVE";
    case TableStatus::kUpdating:
      return "UPDATING";
    case TableStatus::kDeleting:
      return "DELETING";
  }
  STATOR_ASSERT(false, "a TableStatus outside the enum");
  return {};
}

std::string_view billing_mode_name(BillingMode mode) {
  switch (mode) {
    case BillingMode::kProvisioned:
      return "PROVISIONED";
    case BillingMode::kPayPerRequest:
      return "PAY_PER_REQUEST";
  }
  STATOR_ASSERT(false, "a BillingMode outside the enum");
  return {};
}

std::string_view table_class_name(TableClass table_class) {
  switch (table_class) {
    case TableClass::kUnset:  // the service's default
    case TableClass::kStandard:
      return "STANDARD";
    case TableClass::kStandardInfrequentAccess:
      return "STANDARD_INFREQUENT_ACCESS";
  }
  STATOR_ASSERT(false, "a TableClass outside the enum");
  return {};
}

std::string_view projection_type_name(ProjectionType type) {
  switch (type) {
    case ProjectionType::kAll:
      return "ALL";
    case ProjectionType::kKeysOnly:
      return "KEYS_ONLY";
    case ProjectionType::kInclude:
      return "INCLUDE";
  }
  STATOR_ASSERT(false, "a ProjectionType outside the enum");
  return {};
}

bool GlobalIndex::is_key(std::string_view attribute) const {
  const auto named = [&](const KeyAttribute& key) { return key.name == attribute; };
  return std::ranges::any_of(partition_key, named) || std::ranges::any_of(sort_key, named);
}

const LocalIndex* Table::find_local(std::string_view index) const {
  const auto at = std::ranges::find(local_indexes, index, &LocalIndex::name);
  return at == local_indexes.end() ? nullptr : &*at;
}

const GlobalIndex* Table::find_global(std::string_view index) const {
  const auto at = std::ranges::find(global_indexes, index, &GlobalIndex::name);
  return at == global_indexes.end() ? nullptr : &*at;
}

const GlobalIndex* Table::find_global(uint16_t number) const {
  const auto at = std::ranges::find(global_indexes, number, &GlobalIndex::number);
  return at == global_indexes.end() ? nullptr : &*at;
}

}  // namespace stator::model
