package com.whereq.libra.driver.sql;

/** The ways in which SQL can leave Spark; each is closed until its switch opens it. */
public enum SqlSwitch {
  REFLECTION("allowReflection", "allow-reflection"),
  TRANSFORM("allowTransform", "allow-transform"),
  ADD_RESOURCES("allowAddResources", "allow-add-resources"),
  LOCAL_PATHS("allowLocalPaths", "allow-local-paths");

  private final String confKey;
  private final String setting;

  SqlSwitch(String confKey, String setting) {
    this.confKey = SqlPolicy.PREFIX + confKey;
    this.setting = "libra.sql." + setting;
  }

  /** The key in the SparkConf of the driver. */
  public String confKey() {
    return confKey;
  }

  /** The key in the server's configuration. */
  public String setting() {
    return setting;
  }
}
