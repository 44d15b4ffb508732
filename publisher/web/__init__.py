"""The doors that speak HTTP: public files and pages, and what they need to answer well."""
