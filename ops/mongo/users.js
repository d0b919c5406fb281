// Makes the users of MongoDB that users.json names, or gives them the roles and passwords they should have. Only root is made
// here and never changed. The official image runs this on an empty volume. With a volume from before there were users, or when
// a password has changed, run it by hand; it may be run at any time:
//
//   docker compose exec mongo mongosh --quiet --norc /docker-entrypoint-initdb.d/users.js
//
// As long as there is no user at all, MongoDB lets a client on its own machine make the first one.

const fs = require("fs");
const secrets = process.env.COVEY_SECRETS || "/run/secrets";
const database = process.env.COVEY_MONGO_DATABASE || "covey";
const plan = JSON.parse(fs.readFileSync(`${__dirname}/users.json`, "utf8"));
const admin = db.getSiblingDB("admin");

const secret = (name) => fs.readFileSync(`${secrets}/${name}`, "utf8").trim();
const passwordIn = (uri) => decodeURIComponent(uri.match(/^mongodb(?:\+srv)?:\/\/[^:]+:([^@]+)@/)[1]);

function beRoot() {
  const password = secret("mongo_root_password");
  try {
    admin.auth("root", password);
  } catch (refused) {
    try {
      admin.runCommand({ createUser: "root", pwd: password, roles: ["root"] });
    } catch (error) {
      print(`covey: root of MongoDB has another password than secrets/mongo_root_password (${error.codeName})`);
      quit(1);
    }
    admin.auth("root", password);
  }
}

function putRole(name, privileges) {
  const command = admin.getRole(name) ? "updateRole" : "createRole";
  admin.runCommand({ [command]: name, privileges, roles: [] });
}

function putUser(name, pwd, role) {
  const command = admin.getUser(name) ? "updateUser" : "createUser";
  admin.runCommand({ [command]: name, pwd, roles: [role] });
}

beRoot();
putRole("covey_analyst", [
  { resource: { db: database, collection: "" }, actions: ["listCollections"] },
  ...plan.readable.map((collection) => ({ resource: { db: database, collection }, actions: plan.reading })),
]);
for (const [name, { secret: file, role }] of Object.entries(plan.users)) {
  putUser(name, passwordIn(secret(file)), { role, db: role === "readWrite" ? database : "admin" });
}
print(`covey: users of MongoDB: root, ${Object.keys(plan.users).join(", ")}`);
