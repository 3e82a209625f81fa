-- Where the vendor speaks of products, a package of one repository is not that of another one.

ALTER TABLE package ADD COLUMN repositories text NOT NULL DEFAULT '';

COMMENT ON COLUMN package.repositories IS
    'Where it comes from, as far as the image tells: JSON, a list of repositories. Empty if it does not.';
