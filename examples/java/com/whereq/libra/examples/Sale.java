package com.whereq.libra.examples;

import java.math.BigDecimal;
import java.sql.Date;

/** One line of {@code sales.csv}, as a bean that Spark can map rows to and from. */
public class Sale {
  /** How the columns of the file are read; what does not fit becomes null. */
  public static final String SCHEMA =
      "id BIGINT, day DATE, country STRING, product STRING, quantity INT, price DECIMAL(10,2)";

  private long id;
  private Date day;
  private String country;
  private String product;
  private Integer quantity;
  private BigDecimal price;

  public long getId() {
    return id;
  }

  public void setId(long id) {
    this.id = id;
  }

  public Date getDay() {
    return day;
  }

  public void setDay(Date day) {
    this.day = day;
  }

  public String getCountry() {
    return country;
  }

  public void setCountry(String country) {
    this.country = country;
  }

  public String getProduct() {
    return product;
  }

  public void setProduct(String product) {
    this.product = product;
  }

  public Integer getQuantity() {
    return quantity;
  }

  public void setQuantity(Integer quantity) {
    this.quantity = quantity;
  }

  public BigDecimal getPrice() {
    return price;
  }

  public void setPrice(BigDecimal price) {
    this.price = price;
  }
}
