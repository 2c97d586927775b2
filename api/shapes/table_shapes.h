// The types that CreateTable and the requests on a table are made of, as the API's model has them. Read by the operations'
// input tables. Source: the public API model, version 2012-08-10, as of August 2026. Constants; pure.
#pragma once

#include "api/shapes/item_shapes.h"
#include "api/shapes/shape.h"

namespace stator::api::shapes {

inline constexpr Shape kKeySchemaAttributeName = string_of("KeySchemaAttributeName", {1, 255});
inline constexpr std::string_view kScalarAttributeTypeValues[] = {"B", "N", "S"};
inline constexpr Shape kScalarAttributeType = enum_of("ScalarAttributeType", kScalarAttributeTypeValues);
inline constexpr Member kAttributeDefinitionMembers[] = {  // in the order of the service's messages
    {"AttributeType", &kScalarAttributeType, kRequired},
    {"AttributeName", &kKeySchemaAttributeName, kRequired},
};
inline constexpr Shape kAttributeDefinition =
    structure_of("AttributeDefinition", kAttributeDefinitionMembers);
inline constexpr Shape kAttributeDefinitions = list_of("AttributeDefinitions", kAttributeDefinition);
inline constexpr std::string_view kKeyTypeValues[] = {"HASH", "RANGE"};
inline constexpr Shape kKeyType = enum_of("KeyType", kKeyTypeValues);
inline constexpr Member kKeySchemaElementMembers[] = {
    {"AttributeName", &kKeySchemaAttributeName, kRequired},
    {"KeyType", &kKeyType, kRequired},
};
inline constexpr Shape kKeySchemaElement = structure_of("KeySchemaElement", kKeySchemaElementMembers);
inline constexpr Shape kKeySchema = list_of("KeySchema", kKeySchemaElement, {.min = 1});
inline constexpr std::string_view kProjectionTypeValues[] = {"ALL", "INCLUDE", "KEYS_ONLY"};
inline constexpr Shape kProjectionType = enum_of("ProjectionType", kProjectionTypeValues);
inline constexpr Shape kNonKeyAttributeName = string_of("NonKeyAttributeName", {1, 255});
inline constexpr Shape kNonKeyAttributeNameList =
    list_of("NonKeyAttributeNameList", kNonKeyAttributeName, {1, 20});
inline constexpr Member kProjectionMembers[] = {
    {"ProjectionType", &kProjectionType},
    {"NonKeyAttributes", &kNonKeyAttributeNameList},
};
inline constexpr Shape kProjection = structure_of("Projection", kProjectionMembers);
inline constexpr Member kLocalSecondaryIndexMembers[] = {
    {"IndexName", &kIndexName, kRequired},
    {"KeySchema", &kKeySchema, kRequired},
    {"Projection", &kProjection, kRequired},
};
inline constexpr Shape kLocalSecondaryIndex =
    structure_of("LocalSecondaryIndex", kLocalSecondaryIndexMembers);
inline constexpr Shape kLocalSecondaryIndexList = list_of("LocalSecondaryIndexList", kLocalSecondaryIndex);
inline constexpr Shape kPositiveLongObject = long_of("PositiveLongObject", {.min = 1});
inline constexpr Member kProvisionedThroughputMembers[] = {  // in the order of the service's messages
    {"WriteCapacityUnits", &kPositiveLongObject, kRequired},
    {"ReadCapacityUnits", &kPositiveLongObject, kRequired},
};
inline constexpr Shape kProvisionedThroughput =
    structure_of("ProvisionedThroughput", kProvisionedThroughputMembers);
inline constexpr Shape kLongObject = long_of("LongObject");
inline constexpr Member kOnDemandThroughputMembers[] = {
    {"MaxReadRequestUnits", &kLongObject},
    {"MaxWriteRequestUnits", &kLongObject},
};
inline constexpr Shape kOnDemandThroughput = structure_of("OnDemandThroughput", kOnDemandThroughputMembers);
inline constexpr Member kWarmThroughputMembers[] = {
    {"ReadUnitsPerSecond", &kLongObject},
    {"WriteUnitsPerSecond", &kLongObject},
};
inline constexpr Shape kWarmThroughput = structure_of("WarmThroughput", kWarmThroughputMembers);
inline constexpr Member kGlobalSecondaryIndexMembers[] = {
    {"IndexName", &kIndexName, kRequired},        {"KeySchema", &kKeySchema, kRequired},
    {"Projection", &kProjection, kRequired},      {"ProvisionedThroughput", &kProvisionedThroughput},
    {"OnDemandThroughput", &kOnDemandThroughput}, {"WarmThroughput", &kWarmThroughput},
};
inline constexpr Shape kGlobalSecondaryIndex =
    structure_of("GlobalSecondaryIndex", kGlobalSecondaryIndexMembers);
inline constexpr Shape kGlobalSecondaryIndexList = list_of("GlobalSecondaryIndexList", kGlobalSecondaryIndex);
inline constexpr std::string_view kBillingModeValues[] = {"PROVISIONED", "PAY_PER_REQUEST"};
inline constexpr Shape kBillingMode = enum_of("BillingMode", kBillingModeValues);
inline constexpr Shape kStreamEnabled = boolean_of("StreamEnabled");
inline constexpr std::string_view kStreamViewTypeValues[] = {"OLD_IMAGE", "KEYS_ONLY", "NEW_AND_OLD_IMAGES",
                                                             "NEW_IMAGE"};
inline constexpr Shape kStreamViewType = enum_of("StreamViewType", kStreamViewTypeValues);
inline constexpr Member kStreamSpecificationMembers[] = {
    {"StreamEnabled", &kStreamEnabled, kRequired},
    {"StreamViewType", &kStreamViewType},
};
inline constexpr Shape kStreamSpecification =
    structure_of("StreamSpecification", kStreamSpecificationMembers);
inline constexpr Shape kSSEEnabled = boolean_of("SSEEnabled");
inline constexpr std::string_view kSSETypeValues[] = {"AES256", "KMS"};
inline constexpr Shape kSSEType = enum_of("SSEType", kSSETypeValues);
inline constexpr Shape kKMSMasterKeyId = string_of("KMSMasterKeyId");
inline constexpr Member kSSESpecificationMembers[] = {
    {"Enabled", &kSSEEnabled},
    {"SSEType", &kSSEType},
    {"KMSMasterKeyId", &kKMSMasterKeyId},
};
inline constexpr Shape kSSESpecification = structure_of("SSESpecification", kSSESpecificationMembers);
// The service checks tags in words of their own (operations/tags.h), not as constraints.
inline constexpr Shape kTagKeyString = string_of("TagKeyString");
inline constexpr Shape kTagValueString = string_of("TagValueString");
inline constexpr Member kTagMembers[] = {
    {"Key", &kTagKeyString},
    {"Value", &kTagValueString},
};
inline constexpr Shape kTag = structure_of("Tag", kTagMembers);
inline constexpr Shape kTagList = list_of("TagList", kTag);
inline constexpr Shape kTagKeyList = list_of("TagKeyList", kTagKeyString);
inline constexpr Shape kTableClass = string_of("TableClass");  // has a message of its own (read_table_class)
inline constexpr Shape kDeletionProtectionEnabled = boolean_of("DeletionProtectionEnabled");
inline constexpr Shape kResourcePolicy = string_of("ResourcePolicy");
inline constexpr std::string_view kGlobalTableSettingsReplicationModeValues[] = {"ENABLED", "DISABLED",
                                                                                 "ENABLED_WITH_OVERRIDES"};
inline constexpr Shape kGlobalTableSettingsReplicationMode =
    enum_of("GlobalTableSettingsReplicationMode", kGlobalTableSettingsReplicationModeValues);
inline constexpr Shape kVectorAttributeName = string_of("VectorAttributeName", {1, 255});
inline constexpr Member kVectorAttributeDefinitionMembers[] = {
    {"AttributeName", &kVectorAttributeName, kRequired},
};
inline constexpr Shape kVectorAttributeDefinition =
    structure_of("VectorAttributeDefinition", kVectorAttributeDefinitionMembers);
inline constexpr std::string_view kSearchSchemaElementTypeValues[] = {"HASH", "INLINE_FILTER"};
inline constexpr Shape kSearchSchemaElementType =
    enum_of("SearchSchemaElementType", kSearchSchemaElementTypeValues);
inline constexpr Member kSearchSchemaElementMembers[] = {
    {"AttributeName", &kAttributeName, kRequired},
    {"SearchSchemaElementType", &kSearchSchemaElementType, kRequired},
};
inline constexpr Shape kSearchSchemaElement =
    structure_of("SearchSchemaElement", kSearchSchemaElementMembers);
inline constexpr Shape kSearchSchema = list_of("SearchSchema", kSearchSchemaElement, {.min = 1});
inline constexpr std::string_view kVectorDistanceFunctionValues[] = {"COSINE", "DOT_PRODUCT", "EUCLIDEAN"};
inline constexpr Shape kVectorDistanceFunction =
    enum_of("VectorDistanceFunction", kVectorDistanceFunctionValues);
inline constexpr Member kVectorIndexMembers[] = {
    {"IndexName", &kIndexName, kRequired},
    {"VectorAttribute", &kVectorAttributeDefinition, kRequired},
    {"SearchSchema", &kSearchSchema},
    {"Projection", &kProjection, kRequired},
    {"Dimensions", &kPositiveLongObject, kRequired},
    {"DistanceFunction", &kVectorDistanceFunction, kRequired},
};
inline constexpr Shape kVectorIndex = structure_of("VectorIndex", kVectorIndexMembers);
inline constexpr Shape kVectorIndexList = list_of("VectorIndexList", kVectorIndex);
inline constexpr Shape kTableName = name_of("TableName", {3, 255});
inline constexpr Shape kListTablesInputLimit = integer_of("ListTablesInputLimit", {1, 100});
inline constexpr Shape kResourceArnString = string_of("ResourceArnString", {1, 1283});
inline constexpr Shape kNextTokenString = string_of("NextTokenString");
inline constexpr Shape kTimeToLiveEnabled = boolean_of("TimeToLiveEnabled");
inline constexpr Shape kTimeToLiveAttributeName = string_of("TimeToLiveAttributeName", {1, 255});
inline constexpr Member kTimeToLiveSpecificationMembers[] = {  // in the order of the service's messages
    {"AttributeName", &kTimeToLiveAttributeName, kRequired},
    {"Enabled", &kTimeToLiveEnabled, kRequired},
};
inline constexpr Shape kTimeToLiveSpecification =
    structure_of("TimeToLiveSpecification", kTimeToLiveSpecificationMembers);

}  // namespace stator::api::shapes
