// The types that the requests on items are made of, as the API's model has them. Read by the operations'
// input tables. Source: the public API model, version 2012-08-10, as of August 2026. Constants; pure.
#pragma once

#include "api/shapes/shape.h"

namespace stator::api::shapes {

inline constexpr Shape kTableArn = string_of("TableArn", {1, 1024});
inline constexpr Shape kAttributeName = string_of("AttributeName", {.max = 65535});
inline constexpr Shape kAttributeValue{.type = ShapeType::kAttributeValue, .name = "AttributeValue"};
inline constexpr Shape kPutItemInputAttributeMap =
    map_of("PutItemInputAttributeMap", kAttributeName, kAttributeValue);
inline constexpr Shape kBooleanObject = boolean_of("BooleanObject");
inline constexpr std::string_view kComparisonOperatorValues[] = {
    "IN",       "NULL", "BETWEEN", "LT",          "NOT_CONTAINS", "EQ",      "GT",
    "NOT_NULL", "NE",   "LE",      "BEGINS_WITH", "GE",           "CONTAINS"};
inline constexpr Shape kComparisonOperator = enum_of("ComparisonOperator", kComparisonOperatorValues);
inline constexpr Shape kAttributeValueList = list_of("AttributeValueList", kAttributeValue);
inline constexpr Member kExpectedAttributeValueMembers[] = {
    {"Value", &kAttributeValue},
    {"Exists", &kBooleanObject},
    {"ComparisonOperator", &kComparisonOperator},
    {"AttributeValueList", &kAttributeValueList},
};
inline constexpr Shape kExpectedAttributeValue =
    structure_of("ExpectedAttributeValue", kExpectedAttributeValueMembers);
inline constexpr Shape kExpectedAttributeMap =
    map_of("ExpectedAttributeMap", kAttributeName, kExpectedAttributeValue);
inline constexpr std::string_view kReturnValueValues[] = {"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE",
                                                          "UPDATED_NEW"};
inline constexpr Shape kReturnValue = enum_of("ReturnValue", kReturnValueValues);
inline constexpr std::string_view kReturnConsumedCapacityValues[] = {"INDEXES", "TOTAL", "NONE"};
inline constexpr Shape kReturnConsumedCapacity =
    enum_of("ReturnConsumedCapacity", kReturnConsumedCapacityValues);
inline constexpr std::string_view kReturnItemCollectionMetricsValues[] = {"SIZE", "NONE"};
inline constexpr Shape kReturnItemCollectionMetrics =
    enum_of("ReturnItemCollectionMetrics", kReturnItemCollectionMetricsValues);
inline constexpr std::string_view kConditionalOperatorValues[] = {"OR", "AND"};
inline constexpr Shape kConditionalOperator = enum_of("ConditionalOperator", kConditionalOperatorValues);
inline constexpr Shape kConditionExpression = string_of("ConditionExpression");
inline constexpr Shape kExpressionAttributeNameVariable = string_of("ExpressionAttributeNameVariable");
inline constexpr Shape kExpressionAttributeNameMap =
    map_of("ExpressionAttributeNameMap", kExpressionAttributeNameVariable, kAttributeName);
inline constexpr Shape kExpressionAttributeValueVariable = string_of("ExpressionAttributeValueVariable");
inline constexpr Shape kExpressionAttributeValueMap =
    map_of("ExpressionAttributeValueMap", kExpressionAttributeValueVariable, kAttributeValue);
inline constexpr std::string_view kReturnValuesOnConditionCheckFailureValues[] = {"ALL_OLD", "NONE"};
inline constexpr Shape kReturnValuesOnConditionCheckFailure =
    enum_of("ReturnValuesOnConditionCheckFailure", kReturnValuesOnConditionCheckFailureValues);
inline constexpr Shape kKey = map_of("Key", kAttributeName, kAttributeValue);
inline constexpr Shape kAttributeNameList = list_of("AttributeNameList", kAttributeName, {.min = 1});
inline constexpr Shape kConsistentRead = boolean_of("ConsistentRead");
inline constexpr Shape kProjectionExpression = string_of("ProjectionExpression");
inline constexpr std::string_view kAttributeActionValues[] = {"ADD", "PUT", "DELETE"};
inline constexpr Shape kAttributeAction = enum_of("AttributeAction", kAttributeActionValues);
inline constexpr Member kAttributeValueUpdateMembers[] = {
    {"Value", &kAttributeValue},
    {"Action", &kAttributeAction},
};
inline constexpr Shape kAttributeValueUpdate =
    structure_of("AttributeValueUpdate", kAttributeValueUpdateMembers);
inline constexpr Shape kAttributeUpdates = map_of("AttributeUpdates", kAttributeName, kAttributeValueUpdate);
inline constexpr Shape kUpdateExpression = string_of("UpdateExpression");
inline constexpr Shape kIndexName = name_of("IndexName", {3, 255});
inline constexpr std::string_view kSelectValues[] = {"SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES",
                                                     "ALL_PROJECTED_ATTRIBUTES"};
inline constexpr Shape kSelect = enum_of("Select", kSelectValues);
inline constexpr Shape kPositiveIntegerObject = integer_of("PositiveIntegerObject", {.min = 1});
inline constexpr Member kConditionMembers[] = {
    {"AttributeValueList", &kAttributeValueList},
    {"ComparisonOperator", &kComparisonOperator, kRequired},
};
inline constexpr Shape kCondition = structure_of("Condition", kConditionMembers);
inline constexpr Shape kKeyConditions = map_of("KeyConditions", kAttributeName, kCondition);
inline constexpr Shape kFilterConditionMap = map_of("FilterConditionMap", kAttributeName, kCondition);
inline constexpr Shape kKeyExpression = string_of("KeyExpression");
inline constexpr Shape kScanTotalSegments = integer_of("ScanTotalSegments", {1, 1000000});
inline constexpr Shape kScanSegment = integer_of("ScanSegment", {0, 999999});
inline constexpr Shape kKeyList = list_of("KeyList", kKey, {1, 100});
inline constexpr Member kKeysAndAttributesMembers[] = {
    {"Keys", &kKeyList, kRequired},
    {"AttributesToGet", &kAttributeNameList},
    {"ConsistentRead", &kConsistentRead},
    {"ProjectionExpression", &kProjectionExpression},
    {"ExpressionAttributeNames", &kExpressionAttributeNameMap},
};
inline constexpr Shape kKeysAndAttributes = structure_of("KeysAndAttributes", kKeysAndAttributesMembers);
inline constexpr Shape kBatchGetRequestMap =
    map_of("BatchGetRequestMap", kTableArn, kKeysAndAttributes, {1, 100});
inline constexpr Member kPutRequestMembers[] = {
    {"Item", &kPutItemInputAttributeMap, kRequired},
};
inline constexpr Shape kPutRequest = structure_of("PutRequest", kPutRequestMembers);
inline constexpr Member kDeleteRequestMembers[] = {
    {"Key", &kKey, kRequired},
};
inline constexpr Shape kDeleteRequest = structure_of("DeleteRequest", kDeleteRequestMembers);
inline constexpr Member kWriteRequestMembers[] = {
    {"PutRequest", &kPutRequest},
    {"DeleteRequest", &kDeleteRequest},
};
inline constexpr Shape kWriteRequest = structure_of("WriteRequest", kWriteRequestMembers);
inline constexpr Shape kWriteRequests = list_of("WriteRequests", kWriteRequest, {1, 25});
inline constexpr Shape kBatchWriteItemRequestMap =
    map_of("BatchWriteItemRequestMap", kTableArn, kWriteRequests, {1, 25});

}  // namespace stator::api::shapes
