// The registry: one line an operation, in order of name. Pure.
#include "api/registry.h"

#include <algorithm>
#include <array>

#include "api/operations/batch_get_item.h"
#include "api/operations/batch_write_item.h"
#include "api/operations/create_table.h"
#include "api/operations/delete_item.h"
#include "api/operations/delete_table.h"
#include "api/operations/describe_continuous_backups.h"
#include "api/operations/describe_contributor_insights.h"
#include "api/operations/describe_endpoints.h"
#include "api/operations/describe_kinesis_streaming_destination.h"
#include "api/operations/describe_limits.h"
#include "api/operations/describe_table.h"
#include "api/operations/describe_time_to_live.h"
#include "api/operations/get_item.h"
#include "api/operations/get_resource_policy.h"
#include "api/operations/list_tables.h"
#include "api/operations/list_tags_of_resource.h"
#include "api/operations/put_item.h"
#include "api/operations/query.h"
#include "api/operations/scan.h"
#include "api/operations/tag_resource.h"
#include "api/operations/untag_resource.h"
#include "api/operations/update_continuous_backups.h"
#include "api/operations/update_item.h"
#include "api/operations/update_table.h"
#include "api/operations/update_time_to_live.h"

namespace stator::api {
namespace {

constexpr std::array<const Operation*, 25> kOperations = {
    &kBatchGetItem,
    &kBatchWriteItem,
    &kCreateTable,
    &kDeleteItem,
    &kDeleteTable,
    &kDescribeContinuousBackups,
    &kDescribeContributorInsights,
    &kDescribeEndpoints,
    &kDescribeKinesisStreamingDestination,
    &kDescribeLimits,
    &kDescribeTable,
    &kDescribeTimeToLive,
    &kGetItem,
    &kGetResourcePolicy,
    &kListTables,
    &kListTagsOfResource,
    &kPutItem,
    &kQuery,
    &kScan,
    &kTagResource,
    &kUntagResource,
    &kUpdateContinuousBackups,
    &kUpdateItem,
    &kUpdateTable,
    &kUpdateTimeToLive,
};

}  // namespace

std::span<const Operation* const> operations() { return kOperations; }

const Operation* find_operation(std::string_view name) {
  const auto found = std::ranges::lower_bound(kOperations, name, {}, &Operation::name);
  return found != kOperations.end() && (*found)->name() == name ? *found : nullptr;
}

}  // namespace stator::api
