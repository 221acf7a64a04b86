"""3xx: sample types. None yet: until they are inferred, a chain's faults are found when it runs."""
