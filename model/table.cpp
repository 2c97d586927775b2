// The wire names of a table's states and modes. Pure; any thread.
#include "model/table.h"

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

}  // namespace stator::model
