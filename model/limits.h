// The service's limits, each with its source (DG = Amazon DynamoDB Developer Guide, "Quotas"; API = API reference), and
// our own bounds on what a request may cost. Pure constants.
#pragma once

#include <cstdint>

namespace stator::model {

inline constexpr uint64_t kItemSizeMax = 400 * 1024;                // DG: item size
inline constexpr uint64_t kPartitionKeySizeMax = 2048;              // DG: partition key length
inline constexpr uint64_t kSortKeySizeMax = 1024;                   // DG: sort key length
inline constexpr uint32_t kNestingMax = 32;                         // DG: nested attribute depth
inline constexpr uint64_t kAttributeNameSizeMax = 65535;            // DG: attribute names
inline constexpr uint64_t kKeyAttributeNameSizeMax = 255;           // DG: attribute names, key attributes
inline constexpr uint64_t kItemCollectionSizeMax = 10ULL << 30;     // DG: item collections, with local indexes: 10 GB
inline constexpr uint64_t kPageSizeMax = 1024 * 1024;               // API: Query, Scan: 1 MB a page
inline constexpr uint64_t kBatchGetKeysMax = 100;                   // API: BatchGetItem
inline constexpr uint64_t kBatchGetResponseMax = 16 * 1024 * 1024;  // API: BatchGetItem
inline constexpr uint64_t kBatchWriteRequestsMax = 25;              // API: BatchWriteItem
inline constexpr uint32_t kScanSegmentsMax = 1'000'000;             // API: Scan TotalSegments
inline constexpr uint64_t kExpressionSizeMax = 4096;                // DG: expression length
inline constexpr uint32_t kExpressionOperatorsMax = 300;            // DG: operators and functions in an expression
inline constexpr uint32_t kInOperandsMax = 100;                     // DG: IN operands
inline constexpr uint32_t kPlaceholderSizeMax = 255;                // DG: expression attribute names and values
inline constexpr uint64_t kSubstitutionsSizeMax = 2 * 1024 * 1024;  // DG: substitution variables
inline constexpr uint32_t kTableNameSizeMin = 3;                    // API: CreateTable
inline constexpr uint32_t kTableNameSizeMax = 255;                  // API: CreateTable
inline constexpr uint32_t kTableArnSizeMax = 1024;                  // API: TableName as name or ARN
inline constexpr uint32_t kLocalIndexesMax = 5;                     // DG: local secondary indexes per table
inline constexpr uint32_t kGlobalIndexesMax = 20;                   // DG: global secondary indexes per table
inline constexpr uint32_t kIndexKeyAttributesMax = 4;               // API: KeySchemaElement, of each type in a global index
inline constexpr uint32_t kProjectedAttributesMax = 100;            // DG: projected secondary index attributes per table
inline constexpr uint32_t kTagsMax = 50;                            // DG: tags per resource
inline constexpr uint32_t kTagKeySizeMax = 128;                     // API: Tag, in UTF-16 units
inline constexpr uint32_t kTagValueSizeMax = 256;                   // API: Tag, in UTF-16 units
inline constexpr uint32_t kListTablesLimitMax = 100;                // API: ListTables
inline constexpr uint64_t kRequestBodyMax = 16 * 1024 * 1024;       // DG: request size; larger answers 413
inline constexpr uint64_t kReadUnitBytes = 4096;                    // DG: read capacity unit
inline constexpr uint64_t kWriteUnitBytes = 1024;                   // DG: write capacity unit
inline constexpr uint64_t kItemOverheadBytes = 100;                 // DG: billing adds 100 B an item to TableSizeBytes

// How deep JSON may nest before it is refused unread: an item's 32 levels cost two JSON levels each, plus the envelope.
inline constexpr uint32_t kJsonDepthMax = 96;

}  // namespace stator::model
