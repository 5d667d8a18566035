-- Each line is ordinary work, run in this order, that the guard must not hinder.
SELECT 1
SELECT 1 AS a, 'reflect(x)' AS b, current_timestamp() IS NOT NULL AS c, uuid() IS NOT NULL AS d
SELECT 'ADD JAR x; text.`/etc/passwd`' AS a
SELECT "$" || "{env}"
SELECT '$x {y}', '${spark.app.name}'
CREATE DATABASE IF NOT EXISTS shop COMMENT 'ours' WITH DBPROPERTIES ('team' = 'me')
CREATE DATABASE text
CREATE TABLE text.customers (id INT, name STRING) USING parquet
INSERT INTO text.customers VALUES (1, 'reflect')
SELECT * FROM text.customers
SELECT * FROM text.customers c JOIN text.customers d USING (id)
DROP DATABASE text CASCADE
USE shop
CREATE TABLE orders (id BIGINT, path STRING, location STRING, reflect INT, p INT DEFAULT 3) USING parquet PARTITIONED BY (p)
INSERT INTO orders VALUES (1, '/etc/passwd', 'file:/etc', 1, 1)
INSERT INTO orders PARTITION (p = 2) SELECT id, 'a', 'b', 2 FROM range(10)
INSERT OVERWRITE orders PARTITION (p = 2) SELECT id, 'a', 'b', 2 FROM range(10)
SELECT p, count(*), max(path) FROM orders GROUP BY p ORDER BY p
ALTER TABLE orders ADD PARTITION (p = 7)
ALTER TABLE orders ADD COLUMNS (more STRING DEFAULT 'x')
ALTER TABLE orders SET TBLPROPERTIES ('comment' = 'a', 'my.path' = '/x', 'class' = 'a.b.C')
ALTER TABLE orders DROP PARTITION (p = 7)
MSCK REPAIR TABLE orders
CREATE TABLE by_path (path STRING, a INT) USING parquet PARTITIONED BY (path)
INSERT INTO by_path PARTITION (path = '/etc') VALUES (1)
ALTER TABLE by_path ADD PARTITION (path = '/etc/passwd')
SELECT * FROM by_path WHERE path = '/etc'
CREATE TABLE copied USING orc AS SELECT * FROM orders
CREATE OR REPLACE TEMP VIEW recent AS SELECT * FROM orders WHERE id > 3
CREATE VIEW stored AS SELECT id, path FROM orders
SELECT count(*) FROM recent JOIN stored USING (id)
CREATE TABLE like_orders LIKE orders
CREATE TABLE csv_table (a INT, b STRING) USING csv OPTIONS (sep '/', header 'true', comment '#')
INSERT INTO csv_table VALUES (1, 'a')
SELECT * FROM csv_table
CREATE TABLE json_table USING json AS SELECT named_struct('a', 1) AS s
SELECT s.a FROM json_table
CREATE TABLE relative_table (a INT) USING parquet LOCATION 'relative/folder'
INSERT INTO relative_table VALUES (1)
SELECT * FROM relative_table
CACHE TABLE orders
CACHE TABLE cached_query AS SELECT 1 AS a
UNCACHE TABLE orders
ANALYZE TABLE orders COMPUTE STATISTICS
ANALYZE TABLE orders COMPUTE STATISTICS FOR COLUMNS id, path
DESCRIBE TABLE EXTENDED orders
DESCRIBE FORMATTED orders
DESCRIBE DATABASE EXTENDED shop
DESCRIBE FUNCTION EXTENDED reflect
DESCRIBE QUERY SELECT 1
SHOW TABLES
SHOW TABLE EXTENDED LIKE '*'
SHOW DATABASES
SHOW FUNCTIONS
SHOW PARTITIONS orders
SHOW CREATE TABLE orders
SHOW TBLPROPERTIES orders
SHOW COLUMNS IN orders
SHOW VIEWS
EXPLAIN EXTENDED SELECT * FROM orders
REFRESH TABLE orders
LIST JARS
SET
SET -v
SET spark.sql.shuffle.partitions = 4
SET spark.sql.ansi.enabled = true
SET my.own.variable = 3
SELECT ${my.own.variable}
SET fs.s3a.endpoint = http://127.0.0.1:9000
SET hive.exec.dynamic.partition.mode = nonstrict
SET parquet.compression = snappy
SET TIME ZONE 'UTC'
RESET spark.sql.shuffle.partitions
SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(a, b) LIMIT 1 + 1
SELECT transform(array(1, 2), x -> x + 1), explode(array(1, 2))
SELECT * FROM orders TABLESAMPLE (5 ROWS)
SELECT from_csv('1,a', 'a INT, b STRING', map('sep', ',')), from_json('{"a": 1}', 'a INT'), to_json(named_struct('path', '/etc'))
SELECT from_xml('<a><b>1</b></a>', 'b INT'), xpath_string('<a><b>x</b></a>', 'a/b')
SELECT parse_url('http://example.com/x', 'HOST'), parse_json('{"a": 1}')
SELECT * FROM IDENTIFIER('shop.' || 'orders') WHERE p = 2
EXECUTE IMMEDIATE 'SELECT ? + 1' USING 2
DECLARE OR REPLACE VARIABLE x INT DEFAULT 3
SET VAR x = x + 1
SELECT x
CREATE TEMPORARY FUNCTION plus_one(a INT) RETURNS INT RETURN a + 1
CREATE FUNCTION stored_plus(a INT) RETURNS INT RETURN a + 1
SELECT plus_one(1), stored_plus(2)
CREATE OR REPLACE TEMP VIEW remote USING csv OPTIONS (path '{allowed}/a.txt', header 'true')
SELECT * FROM text.`{allowed}/a.txt`
SELECT * FROM text.`file:{allowed}/a.txt`
SELECT * FROM text.`{allowed}/inside.txt`
INSERT OVERWRITE DIRECTORY '{allowed}/export' USING json SELECT * FROM orders
SELECT count(*) FROM json.`{allowed}/export`
INSERT OVERWRITE LOCAL DIRECTORY '{allowed}/export-csv' USING csv SELECT 1 AS a
CREATE TABLE outer_table USING parquet LOCATION '{allowed}/outer' AS SELECT 1 AS a
SELECT * FROM outer_table
TRUNCATE TABLE csv_table
USE default
DROP DATABASE shop CASCADE
