package stator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbEnhancedClient;
import software.amazon.awssdk.enhanced.dynamodb.DynamoDbTable;
import software.amazon.awssdk.enhanced.dynamodb.Expression;
import software.amazon.awssdk.enhanced.dynamodb.Key;
import software.amazon.awssdk.enhanced.dynamodb.TableSchema;
import software.amazon.awssdk.enhanced.dynamodb.extensions.annotations.DynamoDbVersionAttribute;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbBean;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbPartitionKey;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.DynamoDbSortKey;
import software.amazon.awssdk.enhanced.dynamodb.model.BatchWriteItemEnhancedRequest;
import software.amazon.awssdk.enhanced.dynamodb.model.PutItemEnhancedRequest;
import software.amazon.awssdk.enhanced.dynamodb.model.QueryConditional;
import software.amazon.awssdk.enhanced.dynamodb.model.WriteBatch;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.TableStatus;

/** The SDK's client and its enhanced client: beans, version attributes, waiters, pages, errors as classes. */
class SdkTest {
  @DynamoDbBean
  public static class Customer {
    private String id;
    private Integer rank;
    private Set<String> tags;
    private Long version;

    @DynamoDbPartitionKey
    public String getId() {
      return id;
    }

    public void setId(String id) {
      this.id = id;
    }

    @DynamoDbSortKey
    public Integer getRank() {
      return rank;
    }

    public void setRank(Integer rank) {
      this.rank = rank;
    }

    public Set<String> getTags() {
      return tags;
    }

    public void setTags(Set<String> tags) {
      this.tags = tags;
    }

    @DynamoDbVersionAttribute
    public Long getVersion() {
      return version;
    }

    public void setVersion(Long version) {
      this.version = version;
    }
  }

  private static final DynamoDbClient client =
      DynamoDbClient.builder()
          .endpointOverride(URI.create(System.getenv("STATOR_ENDPOINT")))
          .region(Region.US_EAST_1)
          .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
          .httpClient(UrlConnectionHttpClient.create())
          .overrideConfiguration(settings -> settings.retryStrategy(retries -> retries.maxAttempts(1)))
          .build();
  private static final DynamoDbTable<Customer> table =
      DynamoDbEnhancedClient.builder().dynamoDbClient(client).build().table("java-" + UUID.randomUUID(), TableSchema.fromBean(Customer.class));

  private static Customer customer(String id, int rank) {
    Customer made = new Customer();
    made.setId(id);
    made.setRank(rank);
    return made;
  }

  private static Key key(String id, int rank) {
    return Key.builder().partitionValue(id).sortValue(rank).build();
  }

  @BeforeAll
  static void createTable() {
    table.createTable();
    var description = client.waiter().waitUntilTableExists(request -> request.tableName(table.tableName())).matched().response().orElseThrow();
    assertEquals(TableStatus.ACTIVE, description.table().tableStatus());
  }

  @AfterAll
  static void deleteTable() {
    table.deleteTable();
    client.waiter().waitUntilTableNotExists(request -> request.tableName(table.tableName()));
  }

  @Test
  void beansAreSavedWithAVersion() {
    Customer made = customer("bean", 1);
    made.setTags(Set.of("a", "b"));
    table.putItem(made);
    Customer found = table.getItem(request -> request.key(key("bean", 1)).consistentRead(true));
    assertEquals(Set.of("a", "b"), found.getTags());
    Long version = found.getVersion();
    assertNotNull(version);
    found.setTags(Set.of("c"));
    assertEquals(version + 1, table.updateItem(found).getVersion());
    // The old version again: somebody else was faster.
    assertThrows(ConditionalCheckFailedException.class, () -> table.updateItem(found));
    assertEquals("bean", table.deleteItem(key("bean", 1)).getId());
  }

  @Test
  void conditionsAreChecked() {
    table.putItem(customer("condition", 1));
    var put =
        PutItemEnhancedRequest.builder(Customer.class)
            .item(customer("condition", 1))
            .conditionExpression(Expression.builder().expression("attribute_not_exists(id)").build())
            .build();
    var error = assertThrows(ConditionalCheckFailedException.class, () -> table.putItem(put));
    assertTrue(error.getMessage().startsWith("The conditional request failed"));
    assertThrows(ResourceNotFoundException.class, () -> client.describeTable(request -> request.tableName("java-missing")));
  }

  @Test
  void pagesAreInOrder() {
    // Without the version attribute's extension: a batch has no conditions.
    var enhanced = DynamoDbEnhancedClient.builder().dynamoDbClient(client).extensions(List.of()).build();
    var plain = enhanced.table(table.tableName(), TableSchema.fromBean(Customer.class));
    var batch = WriteBatch.builder(Customer.class).mappedTableResource(plain);
    IntStream.range(0, 25).forEach(rank -> batch.addPutItem(customer("pages", rank)));
    var left = enhanced.batchWriteItem(BatchWriteItemEnhancedRequest.builder().writeBatches(batch.build()).build());
    assertTrue(left.unprocessedPutItemsForTable(plain).isEmpty());
    var found =
        table.query(
            request ->
                request
                    .queryConditional(QueryConditional.sortBetween(key("pages", 5), key("pages", 20)))
                    .limit(4)
                    .scanIndexForward(false));
    assertEquals(IntStream.rangeClosed(5, 20).map(rank -> 25 - rank).boxed().toList(), found.items().stream().map(Customer::getRank).toList());
    assertEquals(25, table.scan().items().stream().filter(one -> one.getId().equals("pages")).count());
  }

  @Test
  void theClientSeesWhatChanged() {
    var answer =
        client.updateItem(
            request ->
                request
                    .tableName(table.tableName())
                    .key(Map.of("id", AttributeValue.fromS("low"), "rank", AttributeValue.fromN("1")))
                    .updateExpression("SET a = :a ADD n :n")
                    .expressionAttributeValues(
                        Map.of(":a", AttributeValue.fromL(List.of(AttributeValue.fromBool(true))), ":n", AttributeValue.fromN("2.50")))
                    .returnValues(ReturnValue.UPDATED_NEW));
    assertEquals(Map.of("a", AttributeValue.fromL(List.of(AttributeValue.fromBool(true))), "n", AttributeValue.fromN("2.5")), answer.attributes());
  }
}
