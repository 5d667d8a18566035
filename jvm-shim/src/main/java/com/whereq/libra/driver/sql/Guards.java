package com.whereq.libra.driver.sql;

import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;

/** The guards of one driver, made once from its SparkConf. */
record Guards(SqlPolicy policy, PathGuard paths, SettingGuard settings, SourceGuard sources) {
  private static volatile Cached cached;

  private record Cached(SparkConf conf, Guards guards) {}

  /** Those of the running SparkContext. */
  static Guards active() {
    return of(SparkEnv.get().conf());
  }

  static Guards of(SparkConf conf) {
    Cached known = cached;
    if (known == null || known.conf() != conf) {
      known = new Cached(conf, make(conf));
      cached = known;
    }
    return known.guards();
  }

  private static Guards make(SparkConf conf) {
    SqlPolicy policy = SqlPolicy.of(conf);
    // The warehouse is settled only when the first session is made: ask each time.
    PathGuard paths =
        new PathGuard(
            policy,
            SparkHadoopUtil.get().newConfiguration(conf),
            () -> conf.get("spark.sql.warehouse.dir", "spark-warehouse"));
    SettingGuard settings = new SettingGuard(policy, paths);
    return new Guards(policy, paths, settings, new SourceGuard(policy, paths, settings));
  }
}
