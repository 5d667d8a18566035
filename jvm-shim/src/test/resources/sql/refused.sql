-- Each line is one statement that must be refused. Before it may stand statements that prepare it,
-- separated by ` ;; `. {outside}: a folder that SQL may not use; {allowed}: one that it may, with
-- `leak` a link to {outside}, `leak.txt` a link to a file in it; {cwd}: the working directory.
-- reflection, wherever an expression can stand
SELECT reflect('java.lang.System', 'exit', 7)
SELECT java_method('java.lang.System', 'exit', 7)
SELECT try_reflect('java.lang.System', 'exit', 7)
SELECT ReFlEcT('java.lang.System', 'exit', 7)
SELECT `reflect`('java.lang.System', 'exit', 7)
SELECT 1 WHERE reflect('java.lang.System', 'exit', 7) IS NULL
SELECT id FROM range(3) ORDER BY reflect('java.lang.System', 'exit', 7)
SELECT count(*) FROM range(3) GROUP BY reflect('java.lang.System', 'exit', 7)
SELECT * FROM range(3) WHERE EXISTS (SELECT reflect('java.lang.System', 'exit', 7))
SELECT (SELECT max(reflect('java.lang.System', 'exit', 7)) FROM range(2))
SELECT transform(array(1), x -> reflect('java.lang.System', 'exit', x))
SELECT aggregate(array(1), 0, (a, x) -> a + x, a -> reflect('java.lang.System', 'exit', a))
WITH a AS (SELECT reflect('java.lang.System', 'exit', 7) AS b) SELECT * FROM a
WITH unused AS (SELECT reflect('java.lang.System', 'exit', 7) AS b) SELECT 1
SELECT * FROM VALUES (reflect('java.lang.System', 'exit', 7)) AS t(a)
VALUES (java_method('java.lang.System', 'exit', 7))
SELECT * FROM range(3) LIMIT reflect('java.lang.System', 'exit', 7)
SELECT * FROM range(3) LIMIT CAST(reflect('java.lang.Integer', 'parseInt', '1') AS INT)
SELECT * FROM range(3) OFFSET CAST(reflect('java.lang.Integer', 'parseInt', '1') AS INT)
SELECT * FROM range(CAST(reflect('java.lang.Integer', 'parseInt', '1') AS INT))
CREATE TABLE t_sample (a INT) USING parquet ;; SELECT * FROM t_sample TABLESAMPLE (CAST(reflect('java.lang.Integer', 'parseInt', '1') AS INT) ROWS)
SELECT * FROM IDENTIFIER(reflect('java.lang.System', 'getProperty', 'user.name'))
SELECT IDENTIFIER(reflect('java.lang.String', 'valueOf', 'abs'))(1)
SELECT explode(array(reflect('java.lang.System', 'exit', 7)))
SELECT * FROM range(2), LATERAL (SELECT reflect('java.lang.System', 'exit', 7))
SELECT * FROM range(2) LATERAL VIEW explode(array(reflect('java.lang.System', 'exit', 7))) t AS a
SELECT CASE WHEN true THEN reflect('java.lang.System', 'exit', 7) END
SELECT named_struct('a', reflect('java.lang.System', 'exit', 7)).a
SELECT sum(id) OVER (ORDER BY reflect('java.lang.System', 'exit', 7)) FROM range(3)
SELECT * FROM range(3) PIVOT (max(reflect('java.lang.System', 'exit', 7)) FOR id IN (1, 2))
FROM range(1) |> SELECT reflect('java.lang.System', 'exit', 7)
EXPLAIN SELECT reflect('java.lang.System', 'exit', 7)
EXPLAIN EXTENDED SELECT reflect('java.lang.System', 'exit', 7)
DESCRIBE QUERY SELECT reflect('java.lang.System', 'exit', 7)
CREATE OR REPLACE TEMP VIEW v AS SELECT reflect('java.lang.System', 'exit', 7) AS a
CREATE VIEW v_reflect AS SELECT reflect('java.lang.System', 'exit', 7) AS a
CREATE OR REPLACE GLOBAL TEMP VIEW v AS SELECT reflect('java.lang.System', 'exit', 7) AS a
CREATE TABLE t_reflect AS SELECT reflect('java.lang.System', 'exit', 7) AS a
CREATE TABLE t_reflect USING parquet AS SELECT reflect('java.lang.System', 'exit', 7) AS a
CREATE TABLE t_default (a STRING DEFAULT reflect('java.lang.System', 'exit', 7)) USING parquet
CREATE TABLE t_default2 (a STRING) USING parquet ;; ALTER TABLE t_default2 ALTER COLUMN a SET DEFAULT reflect('java.lang.System', 'exit', 7)
CREATE TABLE t_default3 (a STRING) USING parquet ;; ALTER TABLE t_default3 ADD COLUMNS (b STRING DEFAULT java_method('java.lang.System', 'exit', 7))
CREATE TABLE t_option (a INT) USING csv OPTIONS (sep = reflect('java.lang.System', 'getProperty', 'user.name'))
CREATE TABLE t_insert (a STRING) USING parquet ;; INSERT INTO t_insert SELECT reflect('java.lang.System', 'exit', 7)
CREATE TABLE t_insert2 (a STRING) USING parquet ;; INSERT INTO t_insert2 VALUES (reflect('java.lang.System', 'exit', 7))
CACHE TABLE c_reflect AS SELECT reflect('java.lang.System', 'exit', 7)
CACHE LAZY TABLE c_reflect AS SELECT reflect('java.lang.System', 'exit', 7)
CREATE FUNCTION f_reflect() RETURNS STRING RETURN reflect('java.lang.System', 'exit', 7)
CREATE TEMPORARY FUNCTION f_reflect(a STRING) RETURNS STRING RETURN reflect('java.lang.System', 'getProperty', a)
CREATE TEMPORARY FUNCTION f_default(a STRING DEFAULT reflect('java.lang.System', 'getProperty', 'user.name')) RETURNS STRING RETURN a
CREATE TEMPORARY FUNCTION f_table() RETURNS TABLE (a STRING) RETURN SELECT reflect('java.lang.System', 'exit', 7)
EXECUTE IMMEDIATE 'SELECT reflect("java.lang.System", "exit", 7)'
EXECUTE IMMEDIATE 'SELECT reflect(?, ?, 7)' USING 'java.lang.System', 'exit'
DECLARE OR REPLACE VARIABLE q STRING ;; SET VAR q = reflect('java.lang.System', 'getProperty', 'user.name')
DECLARE OR REPLACE VARIABLE q STRING DEFAULT reflect('java.lang.System', 'getProperty', 'user.name')
DECLARE OR REPLACE VARIABLE q STRING DEFAULT 'SELECT java_method("java.lang.System", "exit", 7)' ;; EXECUTE IMMEDIATE q
DECLARE OR REPLACE VARIABLE q STRING DEFAULT 'reflect' ;; SELECT IDENTIFIER(q)('java.lang.System', 'exit', 7)
SELECT IDENTIFIER('ref' || 'lect')('java.lang.System', 'exit', 7)
-- programs and code
SELECT TRANSFORM (id) USING 'cat' FROM range(3)
SELECT TRANSFORM (id) USING 'cat' AS (a STRING) FROM range(3)
MAP id USING 'touch {outside}/made' AS (a STRING) FROM range(3)
FROM range(3) REDUCE id USING 'cat' AS a
CREATE OR REPLACE TEMP VIEW v AS SELECT TRANSFORM (id) USING 'cat' AS (a STRING) FROM range(3)
SELECT * FROM (SELECT TRANSFORM (id) USING 'cat' AS (a STRING) FROM range(3)) WHERE a > 1
WITH a AS (SELECT TRANSFORM (id) USING 'cat' AS (a STRING) FROM range(3)) SELECT * FROM a
EXPLAIN SELECT TRANSFORM (id) USING 'cat' FROM range(3)
ADD JAR '{outside}/a.jar'
ADD JARS {outside}/a.jar {outside}/b.jar
ADD JAR ivy://a:b:1
ADD FILE '{outside}/secret.txt'
ADD ARCHIVE '{outside}/a.zip'
EXPLAIN ADD JAR '{outside}/a.jar'
CREATE FUNCTION f_java AS 'java.lang.Runtime'
CREATE FUNCTION f_java AS 'a.B' USING JAR '{outside}/a.jar'
CREATE TEMPORARY FUNCTION f_java AS 'org.apache.hadoop.hive.ql.udf.generic.GenericUDFReflect'
CREATE OR REPLACE TEMPORARY FUNCTION f_java AS 'a.B' USING FILE '{outside}/a.jar'
-- data sources by class, databases inside the JVM
CREATE OR REPLACE TEMP VIEW v USING com.example.Source
CREATE TABLE t_class (a INT) USING `org.apache.spark.sql.execution.datasources.text.TextFileFormat`
SELECT * FROM `org.apache.spark.sql.execution.datasources.text.TextFileFormat`.`{allowed}/a.txt`
INSERT OVERWRITE DIRECTORY '{allowed}/x' USING com.example.Source SELECT 1
CREATE OR REPLACE TEMP VIEW v USING jdbc OPTIONS (url 'jdbc:derby:{outside}/db;create=true', dbtable 'a')
CREATE OR REPLACE TEMP VIEW v USING jdbc OPTIONS (url ' JDBC:derby:memory:a;create=true', dbtable 'a')
CREATE OR REPLACE TEMP VIEW v USING jdbc OPTIONS (url "jdbc:h2:mem:a;INIT=RUNSCRIPT FROM 'http://127.0.0.1/a.sql'", dbtable 'a')
CREATE OR REPLACE TEMP VIEW v USING jdbc OPTIONS (url 'jdbc:sqlite:{outside}/a.db', dbtable 'a')
CREATE OR REPLACE TEMP VIEW v USING jdbc OPTIONS (url 'jdbc:hive2:///', dbtable 'a')
CREATE OR REPLACE TEMP VIEW v USING jdbc OPTIONS (url 'jdbc:apache:commons:dbcp:a', dbtable 'a')
CREATE OR REPLACE TEMP VIEW v USING jdbc OPTIONS (url 'jdbc:postgresql://db/a?socketFactory=a.B', dbtable 'a')
CREATE OR REPLACE TEMP VIEW v USING jdbc OPTIONS (url 'jdbc:mysql://db/a?allowLoadLocalInfile=true', dbtable 'a')
CREATE TABLE t_jdbc USING jdbc OPTIONS (url = concat('jdbc:', 'derby:{outside}/db;create=true'), dbtable 'a')
CREATE TABLE t_jdbc USING org.apache.spark.sql.jdbc OPTIONS (url 'jdbc:derby:{outside}/db;create=true', dbtable 'a')
-- local paths
SELECT * FROM text.`{outside}/secret.txt`
SELECT * FROM TEXT.`{outside}/secret.txt`
SELECT * FROM csv.`{outside}/secret.txt`
SELECT * FROM json.`{outside}/secret.txt`
SELECT * FROM parquet.`{outside}/secret.txt`
SELECT * FROM orc.`{outside}/secret.txt`
SELECT * FROM xml.`{outside}/secret.txt`
SELECT * FROM binaryFile.`{outside}/secret.txt`
SELECT * FROM text.`file:{outside}/secret.txt`
SELECT * FROM text.`file://{outside}/secret.txt`
SELECT * FROM text.`file://localhost{outside}/secret.txt`
SELECT * FROM text.`{outside}/does-not-exist`
SELECT * FROM text.`{outside}/*.txt`
SELECT * FROM text.`/et?/passwd`
SELECT * FROM text.`/{etc,usr}/passwd`
SELECT * FROM text.`/[e]tc/passwd`
SELECT * FROM text.`{allowed}/../secret.txt`
SELECT * FROM text.`{allowed}/leak.txt`
SELECT * FROM text.`{allowed}/leak/secret.txt`
SELECT * FROM text.`{allowed}/l*k/secret.txt`
SELECT * FROM text.`{allowed}/folder-with-link`
SELECT * FROM text.`{allowed}/leak*`
SELECT * FROM text.`../../../../../../../../../../etc/passwd`
SELECT * FROM text.`pom.xml`
SELECT * FROM text.`har:{outside}/secret.har/a`
SELECT * FROM text.`har://file-localhost{outside}/secret.har/a`
SELECT * FROM text.`viewfs://c{outside}/secret.txt`
SELECT * FROM text.`http://127.0.0.1:1/secret`
SELECT * FROM text.`https://127.0.0.1:1/secret`
SELECT * FROM IDENTIFIER('text.`{outside}/secret.txt`')
SELECT * FROM range(1) WHERE EXISTS (SELECT * FROM text.`{outside}/secret.txt`)
SELECT (SELECT max(value) FROM text.`{outside}/secret.txt`)
SELECT * FROM range(1) JOIN text.`{outside}/secret.txt`
SELECT * FROM range(1) UNION ALL SELECT 1 FROM csv.`{outside}/secret.txt`
WITH a AS (SELECT * FROM text.`{outside}/secret.txt`) SELECT * FROM a
TABLE text.`{outside}/secret.txt`
FROM text.`{outside}/secret.txt` SELECT *
EXPLAIN SELECT * FROM text.`{outside}/secret.txt`
EXECUTE IMMEDIATE 'SELECT * FROM text.`{outside}/secret.txt`'
CACHE TABLE c_text AS SELECT * FROM text.`{outside}/secret.txt`
CREATE OR REPLACE TEMP VIEW v AS SELECT * FROM text.`{outside}/secret.txt`
CREATE TABLE t_text AS SELECT * FROM text.`{outside}/secret.txt`
CREATE TEMPORARY FUNCTION f_text() RETURNS TABLE (a STRING) RETURN SELECT value FROM text.`{outside}/secret.txt`
CREATE OR REPLACE TEMP VIEW v USING text OPTIONS (path '{outside}/secret.txt')
CREATE OR REPLACE TEMP VIEW v USING text OPTIONS (PATH '{outside}/secret.txt')
CREATE OR REPLACE TEMP VIEW v USING text OPTIONS (paths '["{outside}/secret.txt"]')
CREATE TABLE t_path USING text OPTIONS (path '{outside}/secret.txt')
CREATE TABLE t_path (value STRING) USING text LOCATION '{outside}/secret.txt'
CREATE TABLE t_path (value STRING) USING text LOCATION 'file:{outside}/new'
CREATE TABLE t_path (value STRING) USING text LOCATION '../../../../../../../../{outside}'
CREATE EXTERNAL TABLE t_path (value STRING) STORED AS TEXTFILE LOCATION '{outside}'
CREATE TABLE t_path USING parquet LOCATION '{outside}/new' AS SELECT 1 AS a
CREATE TABLE t_path USING parquet OPTIONS (path '{outside}/new') AS SELECT 1 AS a
CREATE TABLE t_src (a INT) USING parquet ;; CREATE TABLE t_like LIKE t_src LOCATION '{outside}/new'
CREATE DATABASE d_path LOCATION '{outside}/db'
CREATE SCHEMA d_path LOCATION 'file:{outside}/db'
CREATE DATABASE d_alter ;; ALTER DATABASE d_alter SET LOCATION '{outside}/db'
CREATE TABLE t_set (a INT) USING parquet ;; ALTER TABLE t_set SET LOCATION '{outside}/new'
CREATE TABLE t_add (a INT, p INT) USING parquet PARTITIONED BY (p) ;; ALTER TABLE t_add ADD PARTITION (p = 1) LOCATION '{outside}/new'
CREATE TABLE t_add2 (a INT, p INT) USING parquet PARTITIONED BY (p) ;; ALTER TABLE t_add2 ADD PARTITION (p = 0) PARTITION (p = 1) LOCATION '{outside}/new'
CREATE TABLE t_setp (a INT, p INT) USING parquet PARTITIONED BY (p) ;; ALTER TABLE t_setp ADD PARTITION (p = 1) ;; ALTER TABLE t_setp PARTITION (p = 1) SET LOCATION '{outside}/new'
INSERT OVERWRITE DIRECTORY '{outside}/new' USING parquet SELECT 1 AS a
INSERT OVERWRITE LOCAL DIRECTORY '{outside}/new' USING csv SELECT 1 AS a
INSERT OVERWRITE LOCAL DIRECTORY '{outside}/new' SELECT 1 AS a
INSERT OVERWRITE DIRECTORY USING json OPTIONS (path '{outside}/new') SELECT 1 AS a
INSERT OVERWRITE DIRECTORY '{allowed}/leak/new' USING csv SELECT 1 AS a
INSERT OVERWRITE DIRECTORY '{allowed}/dangling/new' USING csv SELECT 1 AS a
CREATE TABLE t_load (a STRING) USING parquet ;; LOAD DATA LOCAL INPATH '{outside}/secret.txt' INTO TABLE t_load
CREATE TABLE t_load2 (a STRING) USING parquet ;; LOAD DATA INPATH '{outside}/secret.txt' OVERWRITE INTO TABLE t_load2
SELECT from_xml('<a><b>1</b></a>', 'b INT', map('rowValidationXSDPath', '{outside}/secret.txt'))
CREATE TABLE t_opt (value STRING) USING text TBLPROPERTIES ('option.path' = '{outside}/secret.txt')
CREATE OR REPLACE TEMP VIEW v USING statestore OPTIONS (path '{outside}')
SELECT * FROM csv.`{allowed}/a.txt` WITH (`fs.file.impl` = 'a.B')
SELECT * FROM xml.`{allowed}/a.txt` WITH (rowTag = 'a', rowValidationXSDPath = '{outside}/secret.txt')
-- the environment of the server
SELECT '${env:PATH}'
SELECT '${system:user.home}'
SELECT 1 -- ${env:PATH}
SET a = ${env:PATH}
SELECT '${spark.hadoop.fs.s3a.secret.key}'
SELECT '${spark:spark.hadoop.fs.s3a.secret.key}'
EXECUTE IMMEDIATE 'SELECT "${env:PATH}"'
-- settings
SET spark.libra.sql.allowReflection = true
SET spark.libra.sql.allowedRoots = /
SET spark.sql.catalog.evil = com.example.Catalog
SET spark.sql.catalog.spark_catalog = com.example.Catalog
SET spark.sql.catalog.evil.url = jdbc:derby:memory:a
SET fs.defaultFS = viewfs://c/
SET spark.hadoop.fs.defaultFS = viewfs://c/
SET fs.file.impl = com.example.FileSystem
SET fs.x.impl = org.apache.hadoop.fs.LocalFileSystem
SET `fs.viewfs.mounttable.c.link./etc` = `file:///etc`
SET `fs.viewfs.mounttable.default.link./x`=`file:/`
SET hadoop.security.credential.provider.path = localjceks://file/etc/passwd
SET spark.sql.redaction.options.regex = nothing
SET spark.redaction.regex = nothing
SET spark.sql.legacy.setCommandRejectsSparkCoreConfs = false
SET spark.sql.analyzer.singlePassResolver.enabled = true
SET spark.sql.sources.commitProtocolClass = com.example.Protocol
SET spark.sql.sources.default = com.example.Source
SET spark.sql.streaming.stateStore.providerClass = com.example.Store
SET spark.sql.parquet.output.committer.class = com.example.Committer
SET spark.sql.streaming.checkpointLocation = {outside}
SET io.compression.codecs = com.example.Codec
